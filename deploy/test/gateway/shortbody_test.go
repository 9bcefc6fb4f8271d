package gateway_test

import (
	"fmt"
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
