package gateway_test

import (
	"net/http"
	"strings"
	"testing"
)

// framings are responses that end in different ways, by path.
func framings() map[string]string {
	return map[string]string{
		"/c/no-content":   "HTTP/1.1 204 No Content\r\n\r\n",
		"/c/not-modified": "HTTP/1.1 304 Not Modified\r\nContent-Length: 7\r\n\r\n",
		"/c/length":       "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
		"/c/chunked":      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\nX-Trailer: gone\r\n\r\n",
		"/c/head":         "HTTP/1.1 200 OK\r\nContent-Length: 5000\r\n\r\n",
		"/c/close":        "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nhello",
	}
}

// TestWhatFollowsAResponse: whether the connection stays open depends on the client's version and its Connection field.
func TestWhatFollowsAResponse(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, func(m message) string { return framings()[m.target] })
	g := startGateway(t, public("/c", up.addr))
	for _, test := range []struct {
		name, line, fields, body string
		open                     bool
	}{
		{"a length", "GET /c/length HTTP/1.1", "", "hello", true},
		{"chunks", "GET /c/chunked HTTP/1.1", "", "hello", true},
		{"204", "GET /c/no-content HTTP/1.1", "", "", true},
		{"304", "GET /c/not-modified HTTP/1.1", "", "", true},
		{"HEAD", "HEAD /c/head HTTP/1.1", "", "", true},
		{"the upstream closes its own connection", "GET /c/close HTTP/1.1", "", "hello", true},
		{"the client wants it closed", "GET /c/length HTTP/1.1", "Connection: close\r\n", "hello", false},
		{"HTTP/1.0", "GET /c/length HTTP/1.0", "", "hello", false},
		{"HTTP/1.0 that keeps alive", "GET /c/length HTTP/1.0", "Connection: keep-alive\r\n", "hello", true},
		{"HTTP/1.0 gets no chunks", "GET /c/chunked HTTP/1.0", "", "hello", false},
		{"HTTP/1.0 that keeps alive gets no chunks", "GET /c/chunked HTTP/1.0", "Connection: keep-alive\r\n", "hello", false},
		{"the gateway's own 404", "GET /nothing HTTP/1.1", "", "", true},
		{"the gateway's own page", "GET /healthz HTTP/1.1", "", "", true},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			call := func() (reply, error) {
				conn.send(test.line + "\r\nHost: a.test\r\n" + test.fields + "\r\n")
				return conn.receive(strings.Fields(test.line)[0])
			}
			for range 3 {
				r, err := call()
				if err != nil {
					t.Fatalf("no response: %v", err)
				}
				if test.body != "" && r.body != test.body {
					t.Errorf("got %q, want %q", r.body, test.body)
				}
				if strings.HasSuffix(test.line, "1.0") && len(r.TransferEncoding) > 0 {
					t.Error("an HTTP/1.0 client got chunks")
				}
				if r.Header.Get("X-Trailer") != "" || len(r.Trailer) > 0 {
					t.Error("a trailer has been passed on")
				}
				if !test.open {
					if err := conn.closed(); err != nil {
						t.Error(err)
					}
					if strings.HasSuffix(test.line, "1.1") && !r.Close {
						t.Error("the response does not say Connection: close")
					}
					return
				}
				if r.StatusCode >= http.StatusInternalServerError {
					t.Errorf("got %d %s", r.StatusCode, r.body)
				}
			}
		})
	}
}
