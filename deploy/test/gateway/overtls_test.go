package gateway_test

import (
	"crypto/tls"
	"flag"
	"net"
	"net/http/httptest"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"

	"tallygate/kit/tlstest"
)

// overTLS has every upstream of the tests speak TLS. go test ./deploy/test/gateway -tls-upstreams runs all tests in this way.
var overTLS = flag.Bool("tls-upstreams", false, "have the tests' upstreams speak TLS")

// authority signs the upstreams' certificates; nil unless they speak TLS.
var authority *tlstest.Authority

// prepareTLS makes the authority, and returns what removes its file.
func prepareTLS() (remove func(), err error) {
	if !*overTLS {
		return func() {}, nil
	}
	dir, err := os.MkdirTemp("", "tallygate-authority-")
	if err != nil {
		return nil, err
	}
	authority, err = tlstest.In(dir)
	return func() { _ = os.RemoveAll(dir) }, err // in the temporary folder
}

// speakPlain are the addresses of upstreams that are other programs, and do not speak TLS.
var speakPlain sync.Map

// upstreamURL is an upstream of the tests in a routes file.
func upstreamURL(addr string) string {
	if _, plain := speakPlain.Load(addr); plain || authority == nil {
		return "http://" + addr
	}
	return "https://" + addr
}

// securing returns what speaks TLS on a connection, if upstreams do. Without a handshake it returns nil.
func securing(t *testing.T) func(net.Conn) net.Conn {
	t.Helper()
	if authority == nil {
		return func(c net.Conn) net.Conn { return c }
	}
	config := &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}, MinVersion: tls.VersionTLS12}
	return func(c net.Conn) net.Conn {
		conn := tls.Server(c, config)
		if conn.Handshake() != nil {
			return nil
		}
		return conn
	}
}

// begin starts an upstream by net/http.
func begin(t *testing.T, server *httptest.Server) {
	t.Helper()
	if authority == nil {
		server.Start()
		return
	}
	server.TLS = &tls.Config{Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}, MinVersion: tls.VersionTLS12}
	server.StartTLS()
}

// TestOverTLS runs tests of every kind once more with upstreams that speak TLS: requests and responses, streams, uploads, retries,
// hanging and dying replicas, WebSockets, slow peers.
func TestOverTLS(t *testing.T) {
	t.Parallel()
	if *overTLS {
		t.Skip("these are the tests over TLS")
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	args := []string{"-tls-upstreams", "-test.run=^(" + strings.Join(alsoOverTLS, "|") + ")$"}
	if *programs != "" {
		args = append(args, "-programs="+*programs)
	}
	cmd := exec.CommandContext(t.Context(), self, args...)
	cmd.Env = append(os.Environ(), "TALLYGATE_BUILT=1") // TestMain has built the programs
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v:\n%s", err, out)
	}
}

// alsoOverTLS are the tests of TestOverTLS: some of each kind that take little time.
var alsoOverTLS = []string{
	"TestValidTrafficIsCarriedAsByAnotherProxy", "TestBadResponses", "TestWhatIsSentAgain", "TestASlowUpstream", "TestAnUpstreamThatClosesIdleConnections",
	"TestAReplicaThatIsKilled", "TestAReplicaThatHangs", "TestARequestUnderWayWhileRoutesAreReloaded", "TestWebSocket", "TestATunnelWithOneSideEnded",
	"TestServerSentEvents", "TestAnUpstreamThatBreaksOffWithinAnUpload", "TestExpectContinue", "TestAResponseBeforeTheBodysEnd",
	"TestAClientThatDisconnectsCancelsTheUpstream", "TestAnUpstreamThatClosesAfterItsResponse", "TestAWebSocketThatEndsAfterALargeMessage", "TestWhatFollowsAResponse",
}
