package gateway_test

import (
	"errors"
	"net"
	"net/http"
	"syscall"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// TestShutdownWhileARequestIsInFlight: the client gets the response, with Connection: close, and its open connection does
// not delay the end.
func TestShutdownWhileARequestIsInFlight(t *testing.T) {
	t.Parallel()
	for name, last := range map[string]string{
		"whole":  "GET /up HTTP/1.1\r\nHost: a.test\r\n\r\n",
		"stream": "POST /up HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
		"none":   "",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, respond := make(chan struct{}, 2), make(chan struct{}, 2)
			respond <- struct{}{}
			up := serveHTTP(t, func(http.ResponseWriter, *http.Request) {
				begun <- struct{}{}
				<-respond
			})
			g := startGateway(t, public("/up", up))
			conn := dial(t, g.addr)
			conn.send("GET /up HTTP/1.1\r\nHost: a.test\r\n\r\n") // the connection is in use already
			if r := conn.must(t, "GET"); r.StatusCode != 200 || r.Close {
				t.Fatalf("got %d, close %v", r.StatusCode, r.Close)
			}
			<-begun
			if last != "" {
				conn.send(last)
				<-begun
			}
			g.signal(t, syscall.SIGTERM)
			g.awaitClosed(t)
			began := time.Now()
			if respond <- struct{}{}; last != "" {
				if r := conn.must(t, "GET"); r.StatusCode != 200 || !r.Close {
					t.Errorf("got %d, close %v, want 200 and Connection: close", r.StatusCode, r.Close)
				}
			}
			if err := conn.closed(); err != nil {
				t.Error(err)
			}
			conn.Close()
			code, err := g.ExitCode()
			if err != nil {
				t.Fatal(err)
			}
			if took := time.Since(began); took > 5*time.Second {
				t.Errorf("it took %s to stop", took)
			}
			if code != 0 {
				t.Errorf("got exit code %d", code)
			}
		})
	}
}

// awaitClosed waits until the gateway takes no more connections.
func (g *gateway) awaitClosed(t *testing.T) {
	t.Helper()
	testbed.Eventually(t, "the gateway to stop listening", func() error {
		conn, err := net.Dial("tcp", g.addr)
		if err != nil {
			return nil //nolint:nilerr // the gateway has stopped listening
		}
		conn.Close()
		return errors.New("it still takes connections")
	})
}
