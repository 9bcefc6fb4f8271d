package gateway_test

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"
)

// queued is how many bytes the kernel holds for a client of the gateway: what it has not acknowledged.
func (g *gateway) queued(t *testing.T, client net.Conn) int64 {
	t.Helper()
	table, err := os.ReadFile("/proc/net/tcp")
	if err != nil {
		t.Fatal(err)
	}
	port := func(addr string) string {
		_, number, _ := net.SplitHostPort(addr) // it has one
		n, _ := strconv.Atoi(number)
		return fmt.Sprintf(":%04X", n)
	}
	for line := range strings.Lines(string(table)) {
		f := strings.Fields(line)
		if len(f) > 4 && strings.HasSuffix(f[1], port(g.addr)) && strings.HasSuffix(f[2], port(client.LocalAddr().String())) {
			sent, _, _ := strings.Cut(f[4], ":")
			bytes, err := strconv.ParseInt(sent, 16, 64)
			if err != nil {
				t.Fatal(err)
			}
			return bytes
		}
	}
	t.Fatal("the connection is not in the kernel's table")
	return 0
}

// TestAClientThatReadsNothing sends many requests at once and reads no response. The kernel holds little for it, and the requests
// wait.
func TestAClientThatReadsNothing(t *testing.T) {
	t.Parallel()
	const requests, mayBeQueued = 40, 300 << 10
	for size, mayBegin := range map[int]int{1 << 20: 1, 40_000: 10} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			t.Parallel()
			body := strings.Repeat("x", size)
			var mu sync.Mutex
			begun := 0
			count := func() int {
				mu.Lock()
				defer mu.Unlock()
				return begun
			}
			up := newRecorder(t, func(message) string {
				mu.Lock()
				defer mu.Unlock()
				begun++
				return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", size, body)
			})
			g := startGateway(t, public("/c", up.addr))
			conn := dialNarrow(t, g.addr)
			conn.send(strings.Repeat(getC, requests))
			<-time.After(aWhile)
			if n := count(); n == 0 || n > mayBegin {
				t.Errorf("%d requests were begun for a client that reads nothing, want 1 to %d", n, mayBegin)
			}
			if n := g.queued(t, conn.Conn); n > mayBeQueued {
				t.Errorf("the kernel holds %d bytes for it, want at most %d", n, mayBeQueued)
			}
			for i := range requests {
				if r := conn.must(t, "GET"); r.StatusCode != 200 || r.body != body {
					t.Fatalf("response %d: got %d with %d bytes", i, r.StatusCode, len(r.body))
				}
			}
		})
	}
}
