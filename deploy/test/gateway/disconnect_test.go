package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// TestAClientThatDisconnectsCancelsTheUpstream disconnects at every stage of an exchange.
func TestAClientThatDisconnectsCancelsTheUpstream(t *testing.T) {
	t.Parallel()
	for name, request := range map[string]string{
		"before the response":         "GET /c/silent HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"before the response to POST": "POST /c/silent HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\n\r\nhello",
		"within its own body":         "POST /c/body HTTP/1.1\r\nHost: a.test\r\nContent-Length: 500000\r\n\r\nhello",
		"within a chunked body":       "POST /c/body HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"within the response":         "GET /c/stream HTTP/1.1\r\nHost: a.test\r\n\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, cancelled := make(chan struct{}, 1), make(chan struct{})
			up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
				begun <- struct{}{}
				_, _ = io.Copy(io.Discard, r.Body)
				if r.URL.Path == "/c/stream" {
					_, _ = fmt.Fprint(w, "begun")
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
				close(cancelled)
			})
			g := startGateway(t, public("/c", up))
			conn := dial(t, g.addr)
			conn.send(request)
			<-begun
			if strings.Contains(request, "stream") {
				if line, err := conn.in.ReadString('\n'); err != nil || !strings.HasPrefix(line, "HTTP/1.1 200") {
					t.Fatalf("got %q (%v), want the response's beginning", line, err)
				}
			}
			conn.Close()
			select {
			case <-cancelled:
			case <-time.After(testbed.Patience):
				t.Error("the upstream still works for a client that has disconnected")
			}
		})
	}
}
