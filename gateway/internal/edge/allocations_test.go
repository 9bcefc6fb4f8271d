//go:build !race

package edge_test

import (
	"bufio"
	"bytes"
	"io"
	"net"
	"testing"

	"tallygate/gateway/internal/edge"
)

// The data path keeps its memory: what a request needs was there for the one before it. Under the race detector pools
// forget some of what they are given, so this file is left out there.
func TestAForwardedRequestAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	response := []byte("HTTP/1.1 200 OK\r\nContent-Length: 2\r\nX-Reply: yes\r\n\r\nok")
	up := rawReplica(t, func(c net.Conn, _ *bufio.Reader) {
		buf := make([]byte, 4096)
		for {
			if _, err := c.Read(buf); err != nil {
				return
			}
			if _, err := c.Write(response); err != nil {
				return
			}
		}
	})
	r := locked("/a", up)
	r.Metered = true
	gw := gateWith(t, edge.Config{Access: edge.NewAccessLog(io.Discard, "gateway", false)}, r)
	c, _ := dial(t, gw)
	request := []byte("GET /a?number=88&n=0.88 HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer good\r\nX-Request-Id: mine\r\nAccept: text/plain\r\n\r\n")
	buf, end := make([]byte, 4096), []byte("\r\n\r\nok")
	exchange := func() {
		if _, err := c.Write(request); err != nil {
			t.Fatal(err)
		}
		n, err := c.Read(buf)
		if err != nil || !bytes.HasSuffix(buf[:n], end) {
			t.Fatalf("got %q, %v", buf[:n], err)
		}
	}
	// Health checks, which run every second, are all that may allocate.
	if n := testing.AllocsPerRun(2000, exchange); n >= 1 {
		t.Errorf("got %v allocations for each request", n)
	}
}
