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

// aWhile is longer than the gateway takes to look at its connections a few times.
const aWhile = time.Second

// largeAnswer is more than the gateway and the client take at once, and little enough for the gateway's kernel: the end
// of the connection is there while most of the answer has not been read.
const largeAnswer = 4_000_000

// dialNarrow is dial with a small receive buffer, so that an answer waits in the gateway and not in the client's kernel.
func dialNarrow(t *testing.T, addr string) *rawConn {
	t.Helper()
	conn := dial(t, addr)
	if err := conn.Conn.(*net.TCPConn).SetReadBuffer(32 << 10); err != nil {
		t.Fatal(err)
	}
	return conn
}

// TestAnUpstreamThatClosesBehindItsAnswer: a client that takes its time gets all of it.
func TestAnUpstreamThatClosesBehindItsAnswer(t *testing.T) {
	t.Parallel()
	for name, head := range map[string]string{
		"with a length":          fmt.Sprintf("HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: %d\r\n\r\n", largeAnswer),
		"up to the end":          "HTTP/1.1 200 OK\r\n\r\n",
		"up to the end HTTP/1.0": "HTTP/1.0 200 OK\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up, ended := answerAndClose(t, head)
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
			if n, err := io.Copy(io.Discard, resp.Body); n != largeAnswer || err != nil {
				t.Errorf("got %d bytes (%v), want %d", n, err, largeAnswer)
			}
		})
	}
}

// TestAWebSocketThatEndsBehindALargeMessage is the same in a tunnel.
func TestAWebSocketThatEndsBehindALargeMessage(t *testing.T) {
	t.Parallel()
	up, ended := answerAndClose(t, upgraded)
	g := startGateway(t, public("/ws", up))
	conn := dialNarrow(t, g.addr)
	conn.send("GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if r := conn.must(t, "GET"); r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %d, want 101", r.StatusCode)
	}
	<-ended
	<-time.After(aWhile)
	if n, err := io.Copy(io.Discard, conn.in); n != largeAnswer || err != nil {
		t.Errorf("got %d bytes (%v), want %d", n, err, largeAnswer)
	}
}

// answerAndClose is an upstream that answers one request with a head and a large body, and ends the connection.
func answerAndClose(t *testing.T, head string) (addr string, ended <-chan struct{}) {
	t.Helper()
	end := make(chan struct{})
	return listen(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, head) // the client sees what is missing
			_, _ = conn.Write(make([]byte, largeAnswer))
			conn.Close()
			close(end)
		}
	}), end
}

// TestAClientThatPauses longer than the upstream may gets its answer all the same: the pause is not the upstream's.
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
