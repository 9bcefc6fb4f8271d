package admission_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/admission"
	"tallygate/kit/httpd"
)

func loopback() []netip.Prefix { return []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")} }

// serve serves with bounds and returns the address.
func serve(t *testing.T, handler http.Handler, b admission.Bounds, trusted []netip.Prefix) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	inner := httpd.NewServer(admission.NewRequests(handler, b.Requests, trusted), slog.New(slog.DiscardHandler))
	server := admission.NewServer(inner, b.Connections, trusted)
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = server.Close() })
	return l.Addr().String()
}

// client is a connection that sends and receives what a test says.
type client struct {
	net.Conn
	t *testing.T
	r *bufio.Reader
}

func dial(t *testing.T, addr string) *client {
	t.Helper()
	conn, err := net.Dial("tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(20 * time.Second)); err != nil {
		t.Fatal(err)
	}
	return &client{conn, t, bufio.NewReader(conn)}
}

func (c *client) send(from, path string, length int, body string) {
	c.t.Helper()
	_, err := fmt.Fprintf(c, "POST %s HTTP/1.1\r\nHost: x\r\nX-Forwarded-For: %s\r\nContent-Length: %d\r\n\r\n%s", path, from, length, body)
	if err != nil {
		c.t.Error(err)
	}
}

func (c *client) status() int {
	c.t.Helper()
	resp, err := http.ReadResponse(c.r, nil)
	if err != nil {
		c.t.Errorf("no response: %v", err)
		return 0
	}
	defer resp.Body.Close()
	_, _ = io.Copy(io.Discard, resp.Body)
	if resp.StatusCode == http.StatusServiceUnavailable && resp.Header.Get("Retry-After") == "" {
		c.t.Error("503 without Retry-After")
	}
	return resp.StatusCode
}

func TestHalfSentBodiesOfOneAddressLeaveRoomForOthers(t *testing.T) {
	t.Parallel()
	entered := make(chan struct{}, 100)
	addr := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		entered <- struct{}{}
		_, _ = io.Copy(io.Discard, r.Body)
	}), admission.Bounds{Requests: 16, Connections: 100}, loopback())
	for i := range 20 {
		c := dial(t, addr)
		c.send("192.0.2.1", "/token", 60000, "half")
		if i < 8 {
			<-entered
			continue
		}
		began := time.Now()
		if got := c.status(); got != 503 || time.Since(began) > 4*time.Second {
			t.Errorf("request %d of one address: got %d after %s, want 503 at once", i, got, time.Since(began))
		}
	}
	for i := range 8 {
		c := dial(t, addr)
		c.send(fmt.Sprintf("192.0.2.%d", 100+i), "/token", 4, "body")
		if got := c.status(); got != 200 {
			t.Errorf("another address: got %d, want 200", got)
		}
	}
	c := dial(t, addr)
	c.send("192.0.2.1", "/readyz", 0, "")
	if got := c.status(); got != 200 {
		t.Errorf("a health check: got %d, want 200", got)
	}
}

func TestARefusalLooksLikeThoseOfTheAPI(t *testing.T) {
	t.Parallel()
	h := admission.NewRequests(http.NotFoundHandler(), 0, nil)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, httptest.NewRequest(http.MethodGet, "/users/me", nil))
	if w.Code != 503 || w.Header().Get("Content-Type") != "application/problem+json" || w.Header().Get("X-Request-Id") == "" ||
		w.Header().Get("Connection") != "" {
		t.Errorf("got %d %v", w.Code, w.Header())
	}
}

// pipeServer serves one connection inside a bubble.
func pipeServer(t *testing.T, handler http.Handler) net.Conn {
	t.Helper()
	ours, theirs := net.Pipe()
	server := httpd.NewServer(admission.NewRequests(handler, 10, nil), slog.New(slog.DiscardHandler))
	l := &oneConn{conn: make(chan net.Conn, 1), closed: make(chan struct{})}
	l.conn <- theirs
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() { _ = ours.Close(); _ = server.Close() })
	return ours
}

type oneConn struct {
	conn   chan net.Conn
	closed chan struct{}
}

func (l *oneConn) Accept() (net.Conn, error) {
	select {
	case c := <-l.conn:
		return c, nil
	case <-l.closed:
		return nil, net.ErrClosed
	}
}
func (l *oneConn) Close() error   { close(l.closed); return nil }
func (l *oneConn) Addr() net.Addr { return &net.TCPAddr{} }

func TestABodyHasToComeAtALeastRate(t *testing.T) {
	t.Parallel()
	for name, look := range map[string]struct {
		bytes int // in each second
		fails time.Duration
	}{
		"nothing":         {0, 5 * time.Second},
		"a byte a second": {1, 5 * time.Second},
		"half the rate":   {2 << 10, 9 * time.Second},
		"enough":          {4 << 10, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			read := make(chan error, 1)
			conn := pipeServer(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
				_, err := io.Copy(io.Discard, r.Body)
				read <- err
				if err == nil {
					time.Sleep(10 * time.Second) // it waits for its turn, longer than the body had
					read <- r.Context().Err()
				}
			}))
			var client sync.WaitGroup
			client.Go(func() { _, _ = io.Copy(io.Discard, conn) })
			client.Go(func() {
				fmt.Fprint(conn, "POST /token HTTP/1.1\r\nHost: x\r\nContent-Length: 60000\r\n\r\n")
				for sent := 0; look.bytes > 0 && sent < 60000; {
					n := min(look.bytes, 60000-sent)
					if _, err := io.WriteString(conn, strings.Repeat("x", n)); err != nil {
						return
					}
					sent += n
					time.Sleep(time.Second)
				}
			})
			err := <-read
			if took := time.Since(began); look.fails > 0 && (err == nil || took < look.fails || took > look.fails+2*time.Second) {
				t.Errorf("%s: got %v after %s, want an error after %s", name, err, took, look.fails)
			}
			if look.fails == 0 {
				if gone := <-read; err != nil || gone != nil {
					t.Errorf("%s: got %v, then %v", name, err, gone)
				}
			}
			_ = conn.Close()
			client.Wait()
		})
	}
}

func TestConnectionsPastTheBoundTakeTheLongestRestingOne(t *testing.T) {
	t.Parallel()
	hold := make(chan struct{})
	entered := make(chan struct{}, 10)
	addr := serve(t, http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/hold" {
			entered <- struct{}{}
			<-hold
		}
	}), admission.Bounds{Requests: 100, Connections: 3}, nil)
	first, second := dial(t, addr), dial(t, addr)
	third := dial(t, addr)
	third.send("", "/hold", 0, "")
	<-entered
	fourth := dial(t, addr)
	fourth.send("", "/hold", 0, "")
	<-entered
	if _, err := first.r.ReadByte(); err == nil {
		t.Error("the longest resting one is open, want it closed")
	}
	second.send("", "/hold", 0, "")
	<-entered // all three are busy now
	if got := dial(t, addr).status(); got != 503 {
		t.Errorf("while none rests: got %d, want 503", got)
	}
	close(hold)
	for _, c := range []*client{second, third, fourth} {
		if got := c.status(); got != 200 {
			t.Errorf("one with a request: got %d, want 200", got)
		}
	}
}

func TestBoundsFollowMemory(t *testing.T) {
	t.Parallel()
	for memory, want := range map[int64]admission.Bounds{
		1 << 20:   {Requests: 64, Connections: 256},
		450 << 20: {Requests: 450, Connections: 1800},
		1 << 40:   {Requests: 4096, Connections: 20000},
	} {
		if got := admission.DefaultBounds(memory); got != want {
			t.Errorf("%d bytes: got %+v, want %+v", memory, got, want)
		}
	}
}
