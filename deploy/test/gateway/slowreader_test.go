package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"testing"
	"time"
)

// aWhile is long enough for the gateway to check its connections a few times.
const aWhile = time.Second

// largeBody is the size of a body that the gateway and the client do not read at once, but that fits into the gateway's
// kernel buffers. So the upstream has closed the connection while most of the body has not been read.
const largeBody = 4_000_000

// dialNarrow is dial with a small receive buffer, so that a response waits in the gateway and not in the client's kernel.
func dialNarrow(t *testing.T, addr string) *rawConn {
	t.Helper()
	conn := dial(t, addr)
	if err := conn.Conn.(*net.TCPConn).SetReadBuffer(32 << 10); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestAnUpstreamThatClosesAfterItsResponse: a slow client gets all of it.
func TestAnUpstreamThatClosesAfterItsResponse(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"with a length":          fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", largeBody),
		"up to the end":          "HTTP/1.1 200 OK\r\n\r\n",
		"up to the end HTTP/1.0": "HTTP/1.0 200 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, ended := respondAndClose(t, head)
			g := startGateway(t, public("/big", up))
			conn := dialNarrow(t, g.addr)
			conn.send("GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n")
			resp, err := http.ReadResponse(conn.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			<-ended
			<-time.After(aWhile)
			if n, err := io.Copy(io.Discard, resp.Body); n != largeBody || err != nil {
				t.Errorf("got %d bytes (%v), want %d", n, err, largeBody)
			}
		})
	}
}

// TestAWebSocketThatEndsAfterALargeMessage is the same in a tunnel.
func TestAWebSocketThatEndsAfterALargeMessage(t *testing.T) {
	t.Parallel()
	up, ended := respondAndClose(t, upgraded)
	g := startGateway(t, public("/ws", up))
	conn := dialNarrow(t, g.addr)
	conn.send("GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if r := conn.must(t, "GET"); r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %d, want 101", r.StatusCode)
	}
	<-ended
	<-time.After(aWhile)
	if n, err := io.Copy(io.Discard, conn.in); n != largeBody || err != nil {
		t.Errorf("got %d bytes (%v), want %d", n, err, largeBody)
	}
}

// respondAndClose is an upstream that responds to one request with a head and a large body, and closes the connection.
func respondAndClose(t *testing.T, head string) (addr string, ended <-chan struct{}) {
	t.Helper()
	end := make(chan struct{})
	return listen(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, head) // the client sees what is missing
			_, _ = conn.Write(make([]byte, largeBody))
			conn.Close()
			close(end)
		}
	}), end
}

// TestAClientThatPauses: a client that pauses for longer than the upstream's timeout still gets its response. The upstream did
// not pause.
func TestAClientThatPauses(t *testing.T) {
	t.Parallel()
	const size = 64 << 20
	up := serveHTTP(t, func(w http.ResponseWriter, _ *http.Request) {
		block := make([]byte, 1<<16)
		for range size / len(block) {
			if _, err := w.Write(block); err != nil {
				return
			}
		}
	})
	g := startGateway(t, route("big", "/big", []string{up}, "auth: public", "timeouts: {progress: 300ms}"))
	conn := dialNarrow(t, g.addr)
	conn.send("GET /big HTTP/1.1\r\nHost: a.test\r\n\r\n")
	resp, err := http.ReadResponse(conn.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-time.After(2 * aWhile)
	if n, err := io.Copy(io.Discard, resp.Body); n != size || err != nil {
		t.Errorf("got %d bytes (%v), want %d", n, err, size)
	}
}
