package edge_test

import (
	"bufio"
	"context"
	"net"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/upstream"
)

// TestWhatBalancersAskByDefault: the answers that their documentation takes for healthy.
func TestWhatBalancersAskByDefault(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	bare := gateWith(t, edge.Config{Hosts: hosts(t, "a.example")}, open("/a", addr))
	plain := gate(t, open("/a", addr))
	whole := gate(t, open("/", addr))
	readOnly := locked("/", addr)
	readOnly.Methods = []string{"GET"}
	shut := gate(t, readOnly)
	const live = `{"status":"live"}`
	for _, row := range []struct {
		gw, request string
		status      int
		allow, body string
	}{
		{bare, "GET /healthz HTTP/1.0\r\n\r\n", 200, "", live},
		{bare, "GET /healthz HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "", live},
		{bare, "HEAD /healthz HTTP/1.0\r\n\r\n", 200, "", ""},
		{bare, "OPTIONS /healthz HTTP/1.0\r\n\r\n", 204, "GET, HEAD, OPTIONS", ""},
		{bare, "GET /healthz HTTP/1.1\r\nHost: 192.0.2.7:8000\r\nUser-Agent: ELB-HealthChecker/2.0\r\nConnection: close\r\n\r\n", 200, "", live},
		{bare, "GET /healthz HTTP/1.1\r\nHost: [2001:db8::1]\r\nUser-Agent: GoogleHC/1.0\r\nConnection: keep-alive\r\n\r\n", 200, "", live},
		{bare, "POST /healthz HTTP/1.1\r\nHost: a.example\r\nContent-Length: 0\r\n\r\n", 405, "GET, HEAD, OPTIONS", ""},
		{bare, "GET / HTTP/1.1\r\nHost: 192.0.2.7\r\nUser-Agent: ELB-HealthChecker/2.0\r\n\r\n", 421, "", ""},
		{bare, "GET /healthz HTTP/1.1\r\n\r\n", 400, "", ""},
		{plain, "OPTIONS / HTTP/1.0\r\n\r\n", 204, "OPTIONS", ""},
		{plain, "OPTIONS / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 204, "OPTIONS", ""},
		{plain, "OPTIONS * HTTP/1.0\r\n\r\n", 204, allMethods, ""},
		{plain, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, allMethods, ""},
		{plain, "OPTIONS /docs HTTP/1.1\r\nHost: a\r\n\r\n", 204, "GET, HEAD, OPTIONS", ""},
		{plain, "OPTIONS /none HTTP/1.1\r\nHost: a\r\n\r\n", 404, "", ""},
		{plain, "GET / HTTP/1.0\r\n\r\n", 404, "", ""},
		{whole, "GET / HTTP/1.0\r\n\r\n", 200, "", "GET /\n"},
		{whole, "HEAD / HTTP/1.0\r\n\r\n", 200, "", ""},
		{whole, "OPTIONS / HTTP/1.0\r\n\r\n", 200, "", "OPTIONS /\n"},
		{whole, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, allMethods, ""},
		{whole, "OPTIONS /healthz HTTP/1.1\r\nHost: a\r\n\r\n", 204, "GET, HEAD, OPTIONS", ""},
		{shut, "OPTIONS * HTTP/1.1\r\nHost: a\r\n\r\n", 204, allMethods, ""},
		{shut, "OPTIONS / HTTP/1.1\r\nHost: a\r\n\r\n", 405, "GET, HEAD", ""},
	} {
		resp, body := call(t, row.gw, row.request)
		if resp.StatusCode != row.status || resp.Header.Get("Allow") != row.allow || !strings.HasPrefix(body, row.body) {
			t.Errorf("%q: got %d, Allow %q, %q, want %d, %q, %q", row.request, resp.StatusCode, resp.Header.Get("Allow"), body, row.status, row.allow, row.body)
		}
	}
}

// TestAStoppingGatewaySaysSo: before Shutdown new connections are served, and every response ends its own.
func TestAStoppingGatewaySaysSo(t *testing.T) {
	t.Parallel()
	s, gw := serverWith(t, edge.Config{}, upstream.Config{}, open("/a", replica(t, echo)))
	c, r := kept(t, gw)
	s.Stopping()
	send(t, c, "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n")
	if resp, body := response(t, r, "GET"); resp.StatusCode != 503 || !resp.Close || resp.Header.Get("Retry-After") == "" || !strings.Contains(body, "The gateway is stopping.") {
		t.Errorf("on a kept connection: got %d, close %t, %s", resp.StatusCode, resp.Close, body)
	}
	if !closed(r) {
		t.Error("it is kept")
	}
	for request, want := range map[string]int{
		"GET /healthz": 503, "HEAD /healthz": 503, "OPTIONS /healthz": 503, "GET /a": 200, "GET /docs": 200, "GET /none": 404, "OPTIONS *": 204,
	} {
		c, r := dial(t, gw)
		send(t, c, request+" HTTP/1.1\r\nHost: a\r\n\r\n")
		method, _, _ := strings.Cut(request, " ")
		if resp, _ := response(t, r, method); resp.StatusCode != want || !resp.Close || !closed(r) {
			t.Errorf("%s: got %d, close %t", request, resp.StatusCode, resp.Close)
		}
	}
}

// TestAKeptConnectionMayBringOneMoreRequest: while another request is in flight, a client that has used its connection before learns
// that the gateway stops by a response, not by a reset.
func TestAKeptConnectionMayBringOneMoreRequest(t *testing.T) {
	t.Parallel()
	begun, end := make(chan struct{}), make(chan struct{})
	s, gw := serverWith(t, edge.Config{}, upstream.Config{}, open("/a", replica(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/a/slow" {
			close(begun)
			<-end
		}
	})))
	var rest [3]struct {
		c net.Conn
		r *bufio.Reader
	}
	release := sync.OnceFunc(func() { close(end) })
	t.Cleanup(release)
	for i := range rest {
		rest[i].c, rest[i].r = kept(t, gw)
	}
	unused, _ := dial(t, gw)
	slow, in := dial(t, gw)
	send(t, slow, "GET /a/slow HTTP/1.1\r\nHost: a\r\n\r\n")
	<-begun
	ended := make(chan error, 1)
	go func() { ended <- s.Shutdown(context.Background()) }()
	if !closed(bufio.NewReader(unused)) { // Shutdown has begun
		t.Error("a connection that has had no request is kept")
	}
	for i, request := range []string{"GET /healthz", "GET /a"} {
		send(t, rest[i].c, request+" HTTP/1.1\r\nHost: a\r\n\r\n")
		want := map[string]int{"GET /healthz": 503, "GET /a": 200}[request]
		if resp, _ := response(t, rest[i].r, "GET"); resp.StatusCode != want || !resp.Close || !closed(rest[i].r) {
			t.Errorf("%s: got %d, close %t", request, resp.StatusCode, resp.Close)
		}
	}
	release()
	if resp, _ := response(t, in, "GET"); resp.StatusCode != 200 || !resp.Close {
		t.Errorf("in flight: got %d, close %t", resp.StatusCode, resp.Close)
	}
	if !closed(rest[2].r) {
		t.Error("what rests at the end is kept")
	}
	if err := <-ended; err != nil {
		t.Errorf("got %v", err)
	}
}

func TestAConnectionRestsAsLongAsIdleTimeoutSays(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	short := gateWith(t, edge.Config{IdleTimeout: 200 * time.Millisecond}, open("/a", addr))
	_, r := kept(t, short)
	begun := time.Now()
	if !closed(r) || time.Since(begun) < 100*time.Millisecond || time.Since(begun) > 10*time.Second {
		t.Errorf("closed after %s", time.Since(begun))
	}
}
