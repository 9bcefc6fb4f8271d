package gateway_test

import (
	"bufio"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

const getC = "GET /c HTTP/1.1\r\nHost: a.test\r\n\r\n"

// dialFrom is dial from an address of this machine's own: all of 127.0.0.0/8 are.
func dialFrom(t *testing.T, local, addr string) *rawConn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(local)}}
	conn, err := dialer.DialContext(t.Context(), "tcp", addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testbed.Patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{conn, bufio.NewReader(conn)}
}

// get sends a request and returns the status.
func (c *rawConn) get(t *testing.T) int {
	t.Helper()
	c.send(getC)
	return c.must(t, "GET").StatusCode
}

// refused checks a response that says that there are too many connections, and the connection's end.
func (c *rawConn) refused(t *testing.T) {
	t.Helper()
	r := c.must(t, "GET")
	if err := r.problem(); err != nil || r.StatusCode != 503 || r.Header.Get("Retry-After") == "" || !r.Close {
		t.Errorf("got %d %s (%v), Retry-After %q, want 503 on a connection that is closed", r.StatusCode, r.body, err, r.Header.Get("Retry-After"))
	}
	if err := c.closed(); err != nil {
		t.Error(err)
	}
}

// quiet waits until the connection by which the test saw that the gateway listens is closed.
func (g *gateway) quiet(t *testing.T) {
	t.Helper()
	g.awaitListening(t, g.private)
	testbed.Eventually(t, "no connection", func() error {
		if n := g.metric(t, "tallygate_gateway_connections"); n != "0" {
			return fmt.Errorf("%s are open", n)
		}
		return nil
	})
}

// TestOneAddressHasAShare: past it the address is refused, whether it sends a request or not, and others are served.
func TestOneAddressHasAShare(t *testing.T) {
	t.Parallel()
	for name, settings := range map[string][]string{
		"half of all by default": {"MAX_CONNECTIONS=20"},
		"as it is set":           {"CONNECTIONS_PER_ADDRESS=10"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := startGateway(t, public("/c", newRecorder(t, nil).addr), settings...)
			g.quiet(t)
			for range 10 {
				if status := dialFrom(t, "127.0.0.2", g.addr).get(t); status != 200 {
					t.Fatalf("within its share: got %d", status)
				}
			}
			for i := range 4 {
				conn := dialFrom(t, "127.0.0.2", g.addr)
				if i%2 == 0 {
					conn.send(getC)
				}
				conn.refused(t)
			}
			for range 3 {
				if status := dialFrom(t, "127.0.0.3", g.addr).get(t); status != 200 {
					t.Errorf("another address: got %d", status)
				}
			}
			if n := g.metric(t, `tallygate_gateway_connections_refused_total{reason="address"}`); n != "4" {
				t.Errorf("the metric says that %s were refused, want 4", n)
			}
			if n := strings.Count(g.Output(), `"connections are refused"`); n != 1 {
				t.Errorf("got %d lines in the log, want 1:\n%s", n, g.Output())
			}
		})
	}
}

func TestATrustedProxyHasNoShare(t *testing.T) {
	t.Parallel()
	g := startGateway(t, public("/c", newRecorder(t, nil).addr), "CONNECTIONS_PER_ADDRESS=2", "TRUSTED_PROXIES=127.0.0.2")
	for range 20 {
		if status := dialFrom(t, "127.0.0.2", g.addr).get(t); status != 200 {
			t.Fatalf("got %d", status)
		}
	}
}

// TestAtTheBoundTheLongestRestingMakesRoom: of resting connections, an open stream and a WebSocket.
func TestAtTheBoundTheLongestRestingMakesRoom(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/stream" {
			_, _ = w.Write([]byte("begun"))
			_ = http.NewResponseController(w).Flush()
			<-end
		}
	})
	t.Cleanup(func() { close(end) })
	g := startGateway(t, and(public("/c", up), route("ws", "/ws", []string{echoServer(t)}, "auth: public")),
		"MAX_CONNECTIONS=5", "CONNECTIONS_PER_ADDRESS=0")
	g.quiet(t)
	stream := dial(t, g.addr)
	stream.send("GET /c/stream HTTP/1.1\r\nHost: a.test\r\n\r\n")
	if resp, err := http.ReadResponse(stream.in, nil); err != nil || resp.StatusCode != 200 {
		t.Fatal(err)
	}
	socket := dial(t, g.addr)
	socket.send("GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n" +
		"Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n")
	if r := socket.must(t, "GET"); r.StatusCode != 101 {
		t.Fatalf("got %d", r.StatusCode)
	}
	silent := dial(t, g.addr)
	<-time.After(50 * time.Millisecond) // the gateway has accepted it
	var resting []*rawConn
	for i := range 40 {
		conn := dial(t, g.addr)
		if status := conn.get(t); status != 200 {
			t.Fatalf("connection %d: got %d", i, status)
		}
		resting = append(resting, conn)
		<-time.After(5 * time.Millisecond) // the gateway has noted that it rests
	}
	for i, conn := range resting[:38] {
		if err := conn.closed(); err != nil {
			t.Fatalf("connection %d: %v", i, err)
		}
	}
	for what, conn := range map[string]*rawConn{"the last but one": resting[38], "the last": resting[39], "the silent one": silent} {
		if status := conn.get(t); status != 200 {
			t.Errorf("%s: got %d", what, status)
		}
	}
	if n := g.metric(t, "tallygate_gateway_connections_evicted_total"); n != "38" {
		t.Errorf("the metric says that %s made room, want 38", n)
	}
	// Nothing rests: who comes is refused, and who is served stays.
	for _, conn := range []*rawConn{resting[38], resting[39], silent} {
		conn.send("GET /c/stream HTTP/1.1\r\nHost: a.test\r\n\r\n")
		if resp, err := http.ReadResponse(conn.in, nil); err != nil || resp.StatusCode != 200 {
			t.Fatal(err)
		}
	}
	for range 3 {
		conn := dial(t, g.addr)
		conn.send(getC)
		conn.refused(t)
	}
	if n := g.metric(t, "tallygate_gateway_connections"); n != "5" {
		t.Errorf("%s connections are open, want 5", n)
	}
}

// TestNoDescriptorIsLeft: resting connections make room, then clients are refused, and no replica is blamed.
func TestNoDescriptorIsLeft(t *testing.T) {
	t.Parallel()
	const files = 90
	begun, end := make(chan struct{}, files), make(chan struct{})
	release := sync.OnceFunc(func() { close(end) })
	up := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/wait" {
			begun <- struct{}{}
			<-end
		}
	})
	t.Cleanup(release)
	g := startGatewayBy(t, []string{"/bin/sh", "-c", "ulimit -n " + strconv.Itoa(files) + `; exec "$0"`, program("gateway")}, public("/c", up),
		"MAX_CONNECTIONS=10000", "CONNECTIONS_PER_ADDRESS=0")
	if !strings.Contains(g.Output(), "MAX_CONNECTIONS does not fit") {
		t.Errorf("the log does not say that there are few descriptors:\n%s", g.Output())
	}
	for i := range 2 * files {
		if status := dial(t, g.addr).get(t); status != 200 && status != 503 {
			t.Fatalf("connection %d: got %d", i, status)
		}
	}
	if status := dial(t, g.addr).get(t); status != 200 {
		t.Errorf("beside resting connections: got %d", status)
	}
	refused := waitUntilRefused(t, g, files, begun)
	if refused == 0 {
		t.Error("all were served")
	}
	release()
	testbed.Eventually(t, "a call", func() error {
		if status := dial(t, g.addr).get(t); status != 200 {
			return fmt.Errorf("got %d", status)
		}
		return nil
	})
	if n := g.metric(t, `tallygate_gateway_upstream_replicas{state="healthy",upstream="`+up+`"}`); n != "1" {
		t.Errorf("%s replicas are healthy, want 1", n)
	}
	for line := range strings.Lines(g.Output()) {
		if strings.Contains(line, `"replica":"`+up) {
			t.Errorf("the replica was blamed: %s", line)
		}
	}
}

// waitUntilRefused opens connections whose calls wait at the upstream, and counts those that are refused.
func waitUntilRefused(t *testing.T, g *gateway, connections int, begun <-chan struct{}) (refused int) {
	t.Helper()
	for range connections {
		conn := dial(t, g.addr)
		conn.send("GET /c/wait HTTP/1.1\r\nHost: a.test\r\n\r\n")
		ended := make(chan struct{})
		go func() {
			defer close(ended)
			_, _ = conn.in.Peek(1)
		}()
		select {
		case <-begun:
			continue
		case <-ended:
		}
		r := conn.must(t, "GET")
		if err := r.problem(); err != nil || r.StatusCode != 503 {
			t.Fatalf("got %d %s (%v), want 503", r.StatusCode, r.body, err)
		}
		refused++
		conn.Close()
	}
	return refused
}
