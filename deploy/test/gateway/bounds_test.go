package gateway_test

import (
	"strings"
	"testing"
)

// TestBoundsOfHeads: what is beyond a bound gets the status that says which one, and the connection is closed.
func TestBoundsOfHeads(t *testing.T) {
	t.Parallel()
	const k = 1 << 10
	up := newRecorder(t, nil)
	usual := startGateway(t, public("/c", up.addr))
	large := startGateway(t, public("/c", up.addr), "MAX_HEAD_BYTES=262144", "MAX_TARGET_BYTES=100000")
	small := startGateway(t, public("/c", up.addr), "MAX_HEAD_BYTES=4096")
	target := func(n int) string {
		return "GET /c?" + strings.Repeat("q", n-3) + " HTTP/1.1\r\nHost: a.test\r\n\r\n"
	}
	field := func(n int) string {
		return "GET /c HTTP/1.1\r\nHost: a.test\r\nX-Large: " + strings.Repeat("x", n) + "\r\n\r\n"
	}
	for _, row := range []struct {
		name, text string
		g          *gateway
		want       int
	}{
		{"a target of 30 KiB", target(30 * k), usual, 200},
		{"a target of 40 KiB", target(40 * k), usual, 414},
		{"a field of 40 KiB", field(40 * k), usual, 431},
		{"a target within its own bound", target(100_000), large, 200},
		{"a target beyond its own bound", target(100_001), large, 414},
		{"a target that its escapes make too long", "GET /c?" + strings.Repeat("[", 50_000) + " HTTP/1.1\r\nHost: a.test\r\n\r\n", large, 414},
		{"a field of 200 KiB", field(200 * k), large, 200},
		{"a body behind a large head", "POST /c HTTP/1.1\r\nHost: a.test\r\nContent-Length: 5\r\nX-Large: " + strings.Repeat("x", 200*k) + "\r\n\r\nhello", large, 200},
		{"a head beyond a large bound", field(260 * k), large, 431},
		{"a small head", field(3 * k), small, 200},
		{"a head beyond a small bound", field(5 * k), small, 431},
		{"a target beyond a small bound", target(5 * k), small, 414},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, row.g.addr)
			go conn.send(row.text)
			r := conn.must(t, "GET")
			if r.StatusCode != row.want {
				t.Fatalf("got %d %.200s, want %d", r.StatusCode, r.body, row.want)
			}
			if row.want == 200 {
				return
			}
			if err := r.problem(); err != nil {
				t.Error(err)
			}
			if err := conn.closed(); err != nil {
				t.Error(err)
			}
		})
	}
}
