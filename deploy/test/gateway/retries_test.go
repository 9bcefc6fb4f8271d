package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// TestAnUpstreamThatClosesIdleConnections: clients do not notice. Only a POST that is sent while the connection is closing may
// fail: nobody knows whether the upstream has read it, so it must not be sent again.
func TestAnUpstreamThatClosesIdleConnections(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	closed := make(chan struct{}, 1)
	up := listen(t, func(conn net.Conn) {
		r, err := http.ReadRequest(bufio.NewReader(conn))
		if err != nil {
			return
		}
		_, _ = io.Copy(io.Discard, r.Body)
		served.Add(1)
		_, _ = io.WriteString(conn, okResponse)
		conn.Close()
		if r.Method == http.MethodPost {
			closed <- struct{}{}
		}
	})
	g := startGateway(t, public("/c", up))
	client := newClient(t)
	const calls = 300
	for i := range calls {
		if _, err := fetch(client, g.url("/c")); err != nil {
			t.Fatalf("GET %d: %v", i, err)
		}
	}
	met := 0
	for range calls {
		resp, err := client.Post(g.url("/c"), "text/plain", strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		switch resp.StatusCode {
		case http.StatusOK:
			<-closed
		case http.StatusBadGateway:
			met++ // the end of the connection was still on its way through the kernel
		default:
			t.Fatalf("got %d", resp.StatusCode)
		}
	}
	if met > calls/50 {
		t.Errorf("%d of %d POSTs met the closing, want hardly any", met, calls)
	}
	if got := served.Load(); got > 2*calls {
		t.Errorf("the upstream has served %d requests, want at most %d", got, 2*calls)
	}
}

// TestWhatIsSentAgain: an upstream reads a request and closes the connection without a response.
func TestWhatIsSentAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, request, setting string
		want                   func(seen int64) bool
		says                   string
	}{
		{"GET is idempotent", "GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n", "retries: 1", func(n int64) bool { return n == 2 }, "twice"},
		{"PUT of a short body is idempotent", "PUT /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello", "retries: 1", func(n int64) bool { return n <= 2 }, "at most twice"},
		{"GET where the route wants no retries", "GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n", "retries: 0", func(n int64) bool { return n == 1 }, "once"},
		{"POST", "POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello", "retries: 5", func(n int64) bool { return n == 1 }, "once"},
		{"POST in chunks", "POST /c HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", "retries: 5", func(n int64) bool { return n == 1 }, "once"},
		{"PATCH", "PATCH /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello", "retries: 5", func(n int64) bool { return n == 1 }, "once"},
		{"a method of one's own", "BUY /c HTTP/1.1\r\nHost: a.test\r\n\r\n", "retries: 5", func(n int64) bool { return n == 1 }, "once"},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var seen atomic.Int64
			drop := func(conn net.Conn) {
				r, err := http.ReadRequest(bufio.NewReader(conn))
				if err != nil {
					return
				}
				_, _ = io.Copy(io.Discard, r.Body)
				seen.Add(1)
			}
			g := startGateway(t, route("c", "/c", []string{listen(t, drop), listen(t, drop)}, "auth: public", test.setting))
			conn := dial(t, g.addr)
			conn.send(test.request)
			r := conn.must(t, "GET")
			if r.StatusCode != http.StatusBadGateway {
				t.Errorf("got %d %s, want 502", r.StatusCode, r.body)
			}
			if err := r.problem(); err != nil {
				t.Error(err)
			}
			if got := seen.Load(); !test.want(got) {
				t.Errorf("sent %d times, want %s", got, test.says)
			}
		})
	}
}

// TestBadResponses: a malformed response of an upstream becomes a 502 and never reaches the client.
func TestBadResponses(t *testing.T) {
	t.Parallel()
	responses := []string{
		"", "\r\n\r\n", "nonsense\r\n\r\n", "HTTP/1.1\r\n\r\n", "HTTP/1.1 abc OK\r\n\r\n", "HTTP/1.1 20 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n",
		"HTTP/2.0 200 OK\r\nContent-Length: 0\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nContent-Length: 3\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: -2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nContent-Length: +2\r\n\r\nok", "HTTP/1.1 200 OK\r\nContent-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		"HTTP/1.1 200 OK\r\nTransfer-Encoding: cow\r\n\r\nok", "HTTP/1.1 200 OK\r\nX : y\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX: y\r\n z\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 200 OK\r\nX: \x00\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX: a\rb\r\nContent-Length: 2\r\n\r\nok", "HTTP/1.1 200 OK\r\nX: " + repeat("y", 1<<20) + "\r\nContent-Length: 2\r\n\r\nok",
		"HTTP/1.1 101 Switching Protocols\r\n\r\n", "HTTP/1.1 099 Odd\r\nContent-Length: 0\r\n\r\n",
	}
	up := newRecorder(t, func(m message) string {
		var i int
		_, _ = fmt.Sscanf(m.target, "/c/%d", &i)
		return responses[i] + strings.Repeat(okResponse, 2) // and two responses without a request
	})
	g := startGateway(t, public("/c", up.addr))
	for i, response := range responses[1:] {
		t.Run(fmt.Sprintf("%.60q", response), func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send(fmt.Sprintf("POST /c/%d HTTP/1.1\r\nHost: a.test\r\nContent-Length: 2\r\n\r\nhi", i+1))
			r := conn.must(t, "POST")
			if r.StatusCode != http.StatusBadGateway {
				t.Errorf("got %d %.100q, want 502", r.StatusCode, r.body)
			} else if err := r.problem(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestASlowUpstream: the client gets 504 after the route's timeout, and other routes are not slower.
func TestASlowUpstream(t *testing.T) {
	t.Parallel()
	up := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	})
	quick := newRecorder(t, nil)
	g := startGateway(t, and(route("slow", "/slow", []string{up}, "auth: public", "timeouts: {first_byte: 300ms}"), route("quick", "/quick", []string{quick.addr}, "auth: public")))
	client := newClient(t)
	for _, method := range []string{http.MethodGet, http.MethodPost} {
		began := time.Now()
		r, err := http.NewRequestWithContext(t.Context(), method, g.url("/slow"), strings.NewReader("hello"))
		if err != nil {
			t.Fatal(err)
		}
		resp, err := client.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		resp.Body.Close()
		if resp.StatusCode != http.StatusGatewayTimeout || err != nil {
			t.Errorf("%s: got %d (%v), want 504", method, resp.StatusCode, err)
		}
		if err := (reply{resp, string(body)}).problem(); err != nil {
			t.Error(err)
		}
		if took := time.Since(began); took < 200*time.Millisecond || took > 5*time.Second {
			t.Errorf("%s: took %s, want about 300ms", method, took)
		}
		if _, err := fetch(client, g.url("/quick")); err != nil {
			t.Errorf("another route: %v", err)
		}
	}
}
