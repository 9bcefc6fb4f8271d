package gateway_test

import (
	"crypto/tls"
	"io"
	"net"
	"net/http"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// endSending ends a connection's sending direction, below TLS, too.
func endSending(t *testing.T, conn net.Conn) {
	t.Helper()
	if secret, ok := conn.(*tls.Conn); ok {
		if err := secret.CloseWrite(); err != nil {
			t.Fatal(err)
		}
		conn = secret.NetConn().(*rawConn).Conn
	}
	if err := conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
}

// TestAHalfClosedClientGetsItsResponse: one that has closed its connection does not, and its request ends at the upstream. Near, far
// and within TLS.
func TestAHalfClosedClientGetsItsResponse(t *testing.T) {
	t.Parallel()
	begun, cancelled, now := make(chan struct{}, 1), make(chan struct{}, 1), make(chan struct{})
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body) // net/http looks for the end of the connection only after that
		begun <- struct{}{}
		select {
		case <-now:
			_, _ = io.WriteString(w, "ok")
		case <-r.Context().Done():
			cancelled <- struct{}{}
		}
	})
	cert, key := certify(t, t.TempDir(), 1)
	plain, secret := startGateway(t, public("/c", up)), startGateway(t, public("/c", up), "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	for name, way := range map[string]struct {
		dial func(*testing.T, string) *rawConn
		addr string
	}{
		"near":       {dial, plain.addr},
		"far":        {dial, delayed(t, plain.addr, 50*time.Millisecond)},
		"within TLS": {dialTLS, secret.addr},
	} {
		for _, request := range []string{
			"GET /c HTTP/1.0\r\n\r\n", "GET /c HTTP/1.1\r\nHost: a.test\r\nConnection: close\r\n\r\n", "GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n",
			"POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
		} {
			half := way.dial(t, way.addr)
			half.send(request)
			endSending(t, half.Conn)
			<-begun
			if _, err := half.in.Peek(1); err != nil { // the gateway has asked whether the client is there
				t.Fatalf("%s: %q: %v", name, request, err)
			}
			now <- struct{}{}
			if r := half.must(t, "GET"); r.StatusCode != 200 || r.body != "ok" {
				t.Errorf("%s: %q: got %d %s", name, request, r.StatusCode, r.body)
			}
			gone := way.dial(t, way.addr)
			gone.send(request)
			<-begun
			gone.Close()
			select {
			case <-cancelled:
			case <-time.After(testbed.Patience):
				t.Errorf("%s: %q: the upstream still works for a client that has closed", name, request)
			}
		}
	}
}
