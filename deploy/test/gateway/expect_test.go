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

// TestExpectContinue: a client gets 100 Continue before it sends its body, or the final response instead.
func TestExpectContinue(t *testing.T) {
	t.Parallel()
	body := strings.Repeat("0123456789", 10000)
	head := fmt.Sprintf("POST /%%s HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: %d\r\n\r\n", len(body))
	up := listen(t, func(conn net.Conn) {
		in := bufio.NewReader(conn)
		for {
			r, err := http.ReadRequest(in)
			if err != nil {
				return
			}
			if strings.HasPrefix(r.URL.Path, "/refuses") {
				_, _ = io.WriteString(conn, "HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\nConnection: close\r\n\r\nno")
				return
			}
			if strings.HasPrefix(r.URL.Path, "/continues") {
				_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
			}
			got, _ := io.ReadAll(r.Body)
			_, _ = fmt.Fprintf(conn, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%d", len(fmt.Sprint(len(got))), len(got))
		}
	})
	g := startGateway(t, and(and(route("continues", "/continues", []string{up}, "auth: public"), route("silent", "/silent", []string{up}, "auth: public")),
		and(route("refuses", "/refuses", []string{up}, "auth: public"), route("small", "/small", []string{up}, "auth: public", "max_body: 10B"))))

	for _, path := range []string{"continues", "silent"} {
		t.Run("an upstream that "+path, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			for range 2 {
				conn.send(fmt.Sprintf(head, path))
				line, err := conn.in.ReadString('\n')
				if err != nil || line != "HTTP/1.1 100 Continue\r\n" {
					t.Fatalf("got %q (%v), want 100 Continue", line, err)
				}
				if line, err = conn.in.ReadString('\n'); line != "\r\n" {
					t.Fatalf("got %q (%v), want the end of the 100", line, err)
				}
				conn.send(body)
				if r := conn.must(t, "POST"); r.StatusCode != 200 || r.body != fmt.Sprint(len(body)) {
					t.Errorf("got %d %s, want 200 and %d", r.StatusCode, r.body, len(body))
				}
			}
		})
	}
	for path, status := range map[string]int{"refuses": 403, "small": 413, "nothing": 404, "users/me": 405, "root": 405} {
		t.Run(fmt.Sprintf("%d in place of 100", status)+" from "+path, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send(fmt.Sprintf(head, path))
			line, err := conn.in.ReadString('\n')
			if want := fmt.Sprintf("HTTP/1.1 %d ", status); err != nil || !strings.HasPrefix(line, want) {
				t.Errorf("got %q (%v), want %s without a 100", line, err, want)
			}
		})
	}
}
