package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// TestAResponseBeforeTheBodysEnd: a response reaches a client that still sends its body. The rest of the body is never parsed
// as a request.
func TestAResponseBeforeTheBodysEnd(t *testing.T) {
	t.Parallel()
	closing := listen(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
	})
	open := listen(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		if _, err := http.ReadRequest(in); err != nil {
			return
		}
		_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno")
		_, _ = io.Copy(io.Discard, in)
	})
	reading := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) }) // its own response might come first
	g := startGateway(t, and(and(route("closing", "/closing", []string{closing}, "auth: public"), route("open", "/open", []string{open}, "auth: public")),
		route("small", "/small", []string{reading}, "auth: public", "max_body: 1KiB")))
	inner := strings.Repeat("GET /open/smuggled HTTP/1.1\r\nHost: a.test\r\n\r\n", 100)
	for path, status := range map[string]int{
		"/closing": 403, "/open": 403, "/small": 413, "/nothing": 404, "/users/me": 405, "/root": 405, "/users/me/password": 405,
	} {
		for _, framing := range []string{fmt.Sprintf("Content-Length: %d\r\n\r\n", len(inner)+8<<20), "Transfer-Encoding: chunked\r\n\r\n"} {
			t.Run(fmt.Sprint(path, " ", framing[:7]), func(t *testing.T) {
				t.Parallel()
				conn := dial(t, g.addr)
				go func() {
					conn.send("POST " + path + " HTTP/1.1\r\nHost: a.test\r\n" + framing)
					if framing[0] == 'T' {
						conn.send(fmt.Sprintf("%x\r\n", len(inner)+8<<20))
					}
					conn.send(inner)
					conn.send(strings.Repeat("x", 8<<20)) // and never the last chunk
				}()
				r := conn.must(t, "POST")
				if r.StatusCode != status {
					t.Errorf("got %d %s, want %d", r.StatusCode, r.body, status)
				}
				if next, err := conn.receive("GET"); err == nil {
					t.Errorf("a second response: %d %s", next.StatusCode, next.body)
				}
			})
		}
	}
}
