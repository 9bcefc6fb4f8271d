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

	"tallygate/deploy/internal/testbed"
)

const upgraded = "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"

// openTunnel returns a connection after the upgrade to a tunnel.
func openTunnel(t *testing.T, g *gateway) *rawConn {
	t.Helper()
	conn := dial(t, g.addr)
	conn.send("GET /ws HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n")
	if r := conn.must(t, "GET"); r.StatusCode != http.StatusSwitchingProtocols {
		t.Fatalf("got %d, want 101", r.StatusCode)
	}
	return conn
}

// TestATunnelWithOneSideEnded: the tunnel ends soon after the other side has sent its last bytes, and not an hour later.
func TestATunnelWithOneSideEnded(t *testing.T) {
	t.Parallel()
	up := listen(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, upgraded)
		_, _ = io.Copy(io.Discard, in)
		_, _ = io.WriteString(conn, "one more") // and then it forgets to close
		_, _ = in.ReadByte()
		<-t.Context().Done()
	})
	g := startGateway(t, public("/ws", up))
	conn := openTunnel(t, g)
	if err := conn.Conn.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	rest, err := io.ReadAll(conn.in)
	if string(rest) != "one more" || err != nil || time.Since(began) > 30*time.Second {
		t.Errorf("got %q (%v) and the end after %s, want one more and the end after 5s", rest, err, time.Since(began))
	}
}

// TestATunnelToAReplicaThatFailsItsCheck: the tunnel stays open. Only requests without a response are aborted.
func TestATunnelToAReplicaThatFailsItsCheck(t *testing.T) {
	t.Parallel()
	replica := func() string {
		var hangs atomic.Bool
		return listen(t, func(conn net.Conn) {
			in := bufio.NewReader(conn)
			r, err := http.ReadRequest(in)
			switch {
			case err != nil:
			case r.URL.Path == "/ws":
				hangs.Store(true)
				_, _ = io.WriteString(conn, upgraded)
				_, _ = io.Copy(conn, in)
			case hangs.Load():
				_, _ = io.Copy(io.Discard, in)
			default:
				_, _ = io.WriteString(conn, okResponse)
			}
		})
	}
	ups := []string{replica(), replica()}
	g := startGateway(t, route("ws", "/ws", ups, "auth: public", "health: /health"))
	conn := openTunnel(t, g)
	testbed.Eventually(t, "the replica to be found unhealthy", func() error {
		if unhealthy := g.metric(t, fmt.Sprintf(`tallygate_gateway_upstream_replicas{state="unhealthy",upstream=%q}`, strings.Join(ups, ","))); unhealthy != "1" {
			return fmt.Errorf("%s are unhealthy, want 1", unhealthy)
		}
		return nil
	})
	conn.send("ping")
	got := make([]byte, 4)
	if _, err := io.ReadFull(conn.in, got); err != nil || string(got) != "ping" {
		t.Errorf("got %q (%v), want ping", got, err)
	}
}
