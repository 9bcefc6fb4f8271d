package gateway_test

import (
	"fmt"
	"strings"
	"sync"
	"testing"
)

func echoTarget(m message) string {
	text := m.target + " " + m.body
	return fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text)
}

// TestPipelining: responses come in the order of the requests, and bytes of one client never become another's request.
func TestPipelining(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, echoTarget)
	g := startGateway(t, public("/c", up.addr))
	const clients, rounds = 24, 20
	var all sync.WaitGroup
	for client := range clients {
		all.Go(func() {
			conn := dial(t, g.addr)
			var text strings.Builder
			var want []string
			for round := range rounds {
				path := fmt.Sprintf("/c/%d/%d", client, round)
				fmt.Fprintf(&text, "POST %s/chunked HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n3\r\n%03d\r\n0\r\n\r\n", path, client)
				fmt.Fprintf(&text, "GET %s/get HTTP/1.1\r\nHost: a.test\r\n\r\n", path)
				fmt.Fprintf(&text, "PUT %s/length HTTP/1.1\r\nHost: a.test\r\nContent-Length: 3\r\n\r\n%03d", path, client)
				want = append(want, fmt.Sprintf("%s/chunked hello%03d", path, client), path+"/get ", fmt.Sprintf("%s/length %03d", path, client))
			}
			go conn.send(text.String())
			for _, w := range want {
				r, err := conn.receive("GET")
				if err != nil {
					t.Errorf("client %d: no response (%v), want %q", client, err, w)
					return
				}
				if r.StatusCode != 200 || r.body != w {
					t.Errorf("client %d: got %d %q, want %q", client, r.StatusCode, r.body, w)
					return
				}
			}
		})
	}
	all.Wait()
	up.canonical(t)
}
