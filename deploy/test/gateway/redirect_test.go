package gateway_test

import (
	"net"
	"os"
	"os/exec"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// startRedirecting runs a gateway that serves HTTPS, and returns the address of its listener for plain HTTP.
func startRedirecting(t *testing.T, settings ...string) (g *gateway, plain string) {
	t.Helper()
	plain = testbed.FreeAddresses(t, 1)[0]
	cert, key := certify(t, t.TempDir(), 1)
	g = startGateway(t, public("/c", newRecorder(t, nil).addr),
		append(settings, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key, "HTTP_REDIRECT_ADDR="+plain)...)
	g.awaitListening(t, plain)
	return g, plain
}

// TestRedirect: plain HTTP is sent to HTTPS at the same host and path, and nowhere else.
func TestRedirect(t *testing.T) { //nolint:funlen // test vectors
	t.Parallel()
	g, plain := startRedirecting(t)
	_, listed := startRedirecting(t, "HOSTS=a.test,*.b.test")
	_, httpsPort, _ := net.SplitHostPort(g.addr)
	_, plainPort, _ := net.SplitHostPort(plain)
	for _, row := range []struct {
		addr, text string
		status     int
		location   string
	}{
		{plain, "GET /c/x?y=%2f&z HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/c/x?y=%2f&z"},
		{plain, "GET / HTTP/1.1\r\nHost: A.Test:80\r\n\r\n", 308, "https://A.Test/"},
		{plain, "GET /? HTTP/1.1\r\nHost: [::1]\r\n\r\n", 308, "https://[::1]/?"},
		{plain, "GET /a[1]/\u00fc?b[]=\u00fc|c HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/a%5B1%5D/%C3%BC?b%5B%5D=%C3%BC%7Cc"},
		{plain, "GET /a%2fb HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /a HTTP/1.1\r\nHost: [::1]:" + plainPort + "\r\n\r\n", 308, "https://[::1]:" + httpsPort + "/a"},
		{plain, "GET /a HTTP/1.1\r\nHost: a.test:" + plainPort + "\r\n\r\n", 308, "https://a.test:" + httpsPort + "/a"},
		{plain, "HEAD /a HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/a"},
		{plain, "POST /token HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\n{}", 308, "https://a.test/token"},
		{plain, "DELETE /users/me HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/users/me"},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-Host: evil.test\r\nX-Forwarded-Proto: https\r\n\r\n", 308, "https://a.test/c"},
		{plain, "GET //evil.test/ HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /\\evil.test HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /a/../b HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /%0d%0aSet-Cookie:x HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /#evil HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /?a#evil HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET /\xff HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET http://evil.test/c HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET evil.test/c HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "GET @evil.test/c HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "OPTIONS * HTTP/1.1\r\nHost: a.test\r\n\r\n", 400, ""},
		{plain, "CONNECT evil.test:443 HTTP/1.1\r\nHost: evil.test:443\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test@evil.test\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test/evil\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test\\evil.test\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test, evil.test\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test:80@evil\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: \r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\nHost: a.test\r\nHost: evil.test\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.1\r\n\r\n", 400, ""},
		{plain, "GET /c HTTP/1.0\r\n\r\n", 400, ""},
		{listed, "GET /c HTTP/1.1\r\nHost: A.test\r\n\r\n", 308, "https://A.test/c"},
		{listed, "GET /c HTTP/1.1\r\nHost: x.b.test:80\r\n\r\n", 308, "https://x.b.test/c"},
		{listed, "GET /c HTTP/1.1\r\nHost: evil.test\r\n\r\n", 421, ""},
		{listed, "GET /c HTTP/1.1\r\nHost: evil.test\r\nX-Forwarded-Host: a.test\r\n\r\n", 421, ""},
		{listed, "GET http://evil.test/c HTTP/1.1\r\nHost: a.test\r\n\r\n", 421, ""},
		{listed, "GET http://a.test/c?d HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/c?d"},
		{listed, "GET http://a.test HTTP/1.1\r\nHost: a.test\r\n\r\n", 308, "https://a.test/"},
	} {
		conn := dial(t, row.addr)
		conn.send(row.text)
		method, _, _ := strings.Cut(row.text, " ")
		r := conn.must(t, method)
		if got := r.Header.Get("Location"); r.StatusCode != row.status || got != row.location {
			t.Errorf("%q: got %d %q, want %d %q", row.text, r.StatusCode, got, row.status, row.location)
		}
		if r.Header.Get("Strict-Transport-Security") != "" || r.StatusCode == 308 && r.Header.Get("X-Request-Id") == "" {
			t.Errorf("%q: got %v, want a request id, and no field of HTTPS", row.text, r.Header)
		}
		if err := conn.closed(); err != nil {
			t.Errorf("%q: %v", row.text, err)
		}
	}
	secure := dialTLS(t, g.addr)
	secure.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if r := secure.must(t, "GET"); r.StatusCode != 200 {
		t.Errorf("by HTTPS: got %d, want 200", r.StatusCode)
	}
}

// TestRedirectMakesRoom: connections that send nothing keep nobody out.
func TestRedirectMakesRoom(t *testing.T) {
	t.Parallel()
	_, plain := startRedirecting(t)
	oldest := dial(t, plain)
	for range 1010 { // the bound is 1000
		conn := dial(t, plain)
		conn.send("GET / HTTP/1.1\r\nHost:")
	}
	if err := oldest.closed(); err != nil {
		t.Errorf("the oldest connection: %v", err)
	}
	conn := dial(t, plain)
	conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if r := conn.must(t, "GET"); r.StatusCode != 308 {
		t.Errorf("got %d, want 308", r.StatusCode)
	}
}

// TestRedirectNeedsTLS: without HTTPS there is nothing to redirect to.
func TestRedirectNeedsTLS(t *testing.T) {
	t.Parallel()
	addrs := testbed.FreeAddresses(t, 3)
	cmd := exec.CommandContext(t.Context(), program("gateway"))
	cmd.Env = append(os.Environ(), "ADDR="+addrs[0], "PRIVATE_ADDR="+addrs[1], "HTTP_REDIRECT_ADDR="+addrs[2],
		"STATE_DIR="+t.TempDir(), "JWT_SECRET="+jwtSecret, "INTERNAL_SECRET="+internalSecret)
	output, err := cmd.CombinedOutput()
	if err == nil || !strings.Contains(string(output), "HTTP_REDIRECT_ADDR: ") {
		t.Errorf("got %v %s, want a mistake that is named", err, output)
	}
}
