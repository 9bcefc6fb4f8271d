package gateway_test

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestASlowShortBody: each byte renews the timeout for progress, also if the whole body is short.
func TestASlowShortBody(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, route("up", "/up", []string{up.addr}, "auth: public", "timeouts: {progress: 2s}"))
	conn := dial(t, g.addr)
	const body = "abcdefghijklmnopqrst"
	conn.send(fmt.Sprintf("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: %d\r\n\r\n", len(body)))
	for b := range strings.SplitSeq(body, "") {
		<-time.After(600 * time.Millisecond) // 12 s in all
		conn.send(b)
	}
	if r := conn.must(t, "POST"); r.StatusCode != 200 || up.last(t).body != body {
		t.Errorf("got %d %s, body %q", r.StatusCode, r.body, up.last(t).body)
	}
	conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 10\r\n\r\nabc")
	began := time.Now()
	if err := conn.closed(); err != nil || time.Since(began) > 8*time.Second {
		t.Errorf("a body that stops: %v after %s, want the end after 2s", err, time.Since(began))
	}
}

// TestABodyThatDribbles: each byte renews the timeout, but on average the body is too slow. The client is told, and the upstream
// has not seen a short body.
func TestABodyThatDribbles(t *testing.T) {
	t.Parallel()
	if testing.Short() {
		t.Skip("it takes 20 seconds")
	}
	up := newRecorder(t, nil)
	g := startGateway(t, public("/up", up.addr))
	for name, head := range map[string]string{
		"short":   "Content-Length: 1000\r\n\r\n",
		"long":    "Content-Length: 100000\r\n\r\n",
		"chunked": "Transfer-Encoding: chunked\r\n\r\n1000\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\n" + head)
			dribble := time.NewTicker(time.Second)
			defer dribble.Stop()
			go func() {
				for range dribble.C {
					conn.send("x")
				}
			}()
			began := time.Now()
			r := conn.must(t, "POST")
			if took := time.Since(began); r.StatusCode != http.StatusRequestTimeout || took < 15*time.Second {
				t.Errorf("got %d after %s, want 408 after 20s", r.StatusCode, took)
			}
			if err := r.problem(); err != nil {
				t.Error(err)
			}
		})
	}
}
