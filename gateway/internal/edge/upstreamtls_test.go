package edge_test

import (
	"bufio"
	"crypto/tls"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/kit/tlstest"
)

// secure is open by TLS.
func secure(path string, upstreams ...string) *route.Route {
	r := open(path, upstreams...)
	r.TLS.On = true
	return r
}

// trusts is the part of a gateway that trusts an authority.
func trusts(authority *tlstest.Authority) upstream.Config {
	config := &tls.Config{MinVersion: tls.VersionTLS12, NextProtos: []string{"http/1.1"}, RootCAs: authority.Pool()}
	return upstream.Config{TLS: func(upstream.TLS) func() *tls.Config { return func() *tls.Config { return config } }}
}

// secureRaw is rawReplica by TLS.
func secureRaw(t *testing.T, config *tls.Config, serve func(net.Conn, *bufio.Reader)) string {
	t.Helper()
	return rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		conn := tls.Server(c, config)       // nothing has been read with r
		defer func() { _ = conn.Close() }() // the client may be gone
		r.Reset(conn)
		serve(conn, r)
	})
}

// respondInManyWays is an upstream whose responses end in all the ways that there are. conns counts the connections with a
// request.
func respondInManyWays(c net.Conn, r *bufio.Reader, conns *atomic.Int64) {
	for first := true; ; first = false {
		req, err := http.ReadRequest(r)
		if err != nil {
			return // or it was a health check
		}
		if first {
			conns.Add(1)
		}
		body, err := io.ReadAll(req.Body)
		if err != nil {
			return
		}
		switch req.URL.Path {
		case "/a/ws":
			_, _ = io.WriteString(c, "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
			_, _ = io.Copy(c, r)
			return
		case "/a/end": // the end of the connection ends the body
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n\r\n"+string(body))
			return
		case "/a/chunks":
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nab\r\n")
			_, _ = io.WriteString(c, "2\r\ncd\r\n0\r\n\r\n")
		default:
			resp := http.Response{StatusCode: 200, ProtoMajor: 1, ProtoMinor: 1, ContentLength: int64(len(body)), Body: io.NopCloser(strings.NewReader(string(body)))}
			_ = resp.Write(c)
		}
	}
}

// TestTLSCarriesWhatTCPDoes: requests and responses, whole and in streams, WebSockets, and connections that are kept.
func TestTLSCarriesWhatTCPDoes(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	for _, version := range []uint16{tls.VersionTLS12, tls.VersionTLS13} {
		config := &tls.Config{
			Certificates: []tls.Certificate{authority.Certificate(t, "127.0.0.1")}, MinVersion: version, MaxVersion: version,
		}
		var conns atomic.Int64
		up := secureRaw(t, config, func(c net.Conn, r *bufio.Reader) { respondInManyWays(c, r, &conns) })
		_, gw := serverWith(t, edge.Config{}, trusts(authority), secure("/a", up))
		c, r := dial(t, gw)
		long := strings.Repeat("0123456789", 60_000)
		for range 3 {
			for request, want := range map[string]string{
				"GET /a HTTP/1.1\r\nHost: x\r\n\r\n": "", "POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok": "ok",
				"POST /a HTTP/1.1\r\nHost: x\r\nContent-Length: 600000\r\n\r\n" + long: long, "GET /a/chunks HTTP/1.1\r\nHost: x\r\n\r\n": "abcd",
			} {
				send(t, c, request)
				if resp, body := response(t, r, "POST"); resp.StatusCode != 200 || body != want {
					t.Fatalf("%.40q: got %d and %d bytes", request, resp.StatusCode, len(body))
				}
			}
		}
		if got := conns.Load(); got != 1 {
			t.Errorf("%s: %d connections for requests in a row, want one", tls.VersionName(version), got)
		}
		if resp, body := call(t, gw, "POST /a/end HTTP/1.1\r\nHost: x\r\nContent-Length: 2\r\n\r\nok"); resp.StatusCode != 200 || body != "ok" {
			t.Errorf("until the end: got %d %q", resp.StatusCode, body)
		}
		send(t, c, "GET /a/ws HTTP/1.1\r\nHost: x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\nearly")
		if resp, err := http.ReadResponse(r, nil); err != nil || resp.StatusCode != 101 {
			t.Fatalf("got %v, %v", resp, err)
		}
		send(t, c, " and late")
		got := make([]byte, len("early and late"))
		if _, err := io.ReadFull(r, got); err != nil || string(got) != "early and late" {
			t.Errorf("got %q, %v", got, err)
		}
	}
}

// TestAnUpstreamThatIsNotTrustedGetsNoByteOfARequest: the client gets 502, and the log one line with the reason.
func TestAnUpstreamThatIsNotTrustedGetsNoByteOfARequest(t *testing.T) {
	t.Parallel()
	ours, foreign := tlstest.New(t), tlstest.New(t)
	for name, test := range map[string]struct {
		config *tls.Config
		reason string
	}{
		"expired":           {&tls.Config{Certificates: []tls.Certificate{ours.Expired(t, "127.0.0.1")}}, "expired"},
		"foreign":           {&tls.Config{Certificates: []tls.Certificate{foreign.Certificate(t, "127.0.0.1")}}, "unknown authority"},
		"for another name":  {&tls.Config{Certificates: []tls.Certificate{ours.Certificate(t, "127.0.0.2")}}, "127.0.0.1"},
		"of an old version": {&tls.Config{Certificates: []tls.Certificate{ours.Certificate(t, "127.0.0.1")}, MinVersion: tls.VersionTLS10, MaxVersion: tls.VersionTLS11}, "protocol version"},
	} {
		for kind, request := range map[string]string{
			"whole":     "GET /a?secret HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\n\r\n",
			"in chunks": "POST /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nTransfer-Encoding: chunked\r\n\r\n6\r\nsecret\r\n0\r\n\r\n",
		} {
			t.Run(name+", "+kind, func(t *testing.T) {
				t.Parallel()
				var bytes atomic.Int64
				up := secureRaw(t, test.config, func(c net.Conn, _ *bufio.Reader) {
					n, _ := io.Copy(io.Discard, c)
					bytes.Add(n)
				})
				var log lines
				_, gw := serverWith(t, edge.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, trusts(ours), secure("/a", up))
				if resp, body := call(t, gw, request); resp.StatusCode != 502 || strings.Contains(body, test.reason) {
					t.Errorf("got %d %s", resp.StatusCode, body)
				}
				if got := bytes.Load(); got != 0 {
					t.Errorf("the upstream got %d bytes", got)
				}
				found := log.with("request_id=mine")
				if len(found) != 1 || !strings.Contains(found[0], "level=WARN") || !strings.Contains(found[0], up) || !strings.Contains(found[0], test.reason) {
					t.Errorf("got %q", found)
				}
			})
		}
	}
}

// TestARefusedCertificateOfTheGatewayIsNamedInTheLog: with TLS 1.3 the upstream says so only after the handshake.
func TestARefusedCertificateOfTheGatewayIsNamedInTheLog(t *testing.T) {
	t.Parallel()
	authority := tlstest.New(t)
	config := authority.Clients()
	config.Certificates = []tls.Certificate{authority.Certificate(t, "127.0.0.1")}
	up := secureRaw(t, config, func(c net.Conn, _ *bufio.Reader) { _, _ = io.Copy(io.Discard, c) })
	var log lines
	_, gw := serverWith(t, edge.Config{Log: slog.New(slog.NewTextHandler(&log, nil))}, trusts(authority), secure("/a", up))
	resp, _ := call(t, gw, "POST /a HTTP/1.1\r\nHost: x\r\nX-Request-Id: mine\r\nContent-Length: 0\r\n\r\n")
	if found := log.with("request_id=mine"); resp.StatusCode != 502 || len(found) != 1 || !strings.Contains(found[0], "certificate required") {
		t.Errorf("got %d and %q", resp.StatusCode, found)
	}
}

// with are the lines that have the text.
func (l *lines) with(text string) (found []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, text) {
			found = append(found, line)
		}
	}
	return found
}
