package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"
)

// respondsTwice is an upstream that sends more than was requested: after the body of a response there is a second one,
// in the same write. What it has written stands in the gateway's queue when written gets a value.
func respondsTwice(t *testing.T, length int, written chan<- struct{}) string {
	t.Helper()
	return rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			text := fmt.Sprintf("HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n", length) + strings.Repeat("y", length)
			_, _ = io.WriteString(c, text+"HTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison")
			written <- struct{}{}
		}
	})
}

func TestUnreadBytesOnAKeptConnectionAreNoResponse(t *testing.T) {
	t.Parallel()
	for _, length := range []int{2, 40_000} { // read with the head, and not
		written := make(chan struct{}, 1)
		gw := gate(t, open("/a", respondsTwice(t, length, written)))
		c, r := dial(t, gw)
		for i := range 20 {
			send(t, c, getA)
			_, body := response(t, r, "GET")
			if len(body) != length {
				t.Fatalf("request %d, %d bytes: got %.20q", i, length, body)
			}
			<-written
		}
	}
}

// An upstream that sends the body after HEAD does so in a write of its own, at any time after the head.
func TestAConnectionThatMaySendAStrayBodyIsNotUsedAgain(t *testing.T) {
	t.Parallel()
	for _, test := range []struct {
		name, method, head string
		want               int64 // connections for two requests
	}{
		{"HEAD of a body", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 6\r\n", 2},
		{"HEAD of chunks", "HEAD", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n", 2},
		{"HEAD of an unknown length", "HEAD", "HTTP/1.1 200 OK\r\n", 2},
		{"HEAD of nothing", "HEAD", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n", 1},
		{"HEAD of nothing by status", "HEAD", "HTTP/1.1 204 No Content\r\n", 1},
		{"304 with a length", "GET", "HTTP/1.1 304 Not Modified\r\nContent-Length: 6\r\n", 2},
		{"304", "GET", "HTTP/1.1 304 Not Modified\r\n", 1},
		{"204", "GET", "HTTP/1.1 204 No Content\r\n", 1},
	} {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			var conns atomic.Int64
			gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
				for first := true; ; first = false {
					if _, err := http.ReadRequest(r); err != nil {
						return
					}
					if first {
						conns.Add(1) // checks open some, and send nothing
					}
					_, _ = io.WriteString(c, test.head+"\r\n")
				}
			})))
			c, r := dial(t, gw)
			for range 2 {
				send(t, c, test.method+" /a HTTP/1.1\r\nHost: a\r\n\r\n")
				response(t, r, test.method)
			}
			if got := conns.Load(); got != test.want {
				t.Errorf("got %d connections, want %d", got, test.want)
			}
		})
	}
}

func TestAPostOnANewConnectionKeepsTheIdleOnes(t *testing.T) {
	t.Parallel()
	const clients = 5
	var conns atomic.Int64
	var meet atomic.Pointer[sync.WaitGroup] // they get their responses together, so that each needs a connection
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for first := true; ; first = false {
			req, err := http.ReadRequest(r)
			if err != nil {
				return
			}
			if first {
				conns.Add(1)
			}
			_, _ = io.Copy(io.Discard, req.Body)
			if req.Method == http.MethodGet {
				arrived := meet.Load()
				arrived.Done()
				arrived.Wait()
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})))
	together := func() {
		var arrived, all sync.WaitGroup
		arrived.Add(clients)
		meet.Store(&arrived)
		for range clients {
			all.Go(func() { call(t, gw, getA) })
		}
		all.Wait()
	}
	together()
	<-time.After(700 * time.Millisecond) // idle for too long for what must not be sent twice
	call(t, gw, postA)
	together()
	if got := conns.Load(); got != clients+1 {
		t.Errorf("got %d connections, want %d", got, clients+1)
	}
}

// After a stream the connection's memory has been given back. What follows gets as much as any other request does.
func TestARequestBehindAStreamGetsItsMemory(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Method == http.MethodGet {
			w.(http.Flusher).Flush() // a response of an unknown length
		}
		_, _ = w.Write(body)
	})))
	const chunked = "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"
	for name, first := range map[string]string{
		"a chunked body":               chunked,
		"a chunked body and a newline": chunked + "\r\n",
		"a stream to the client":       getA,
	} {
		for _, length := range []int{10, 5000, 16_000, 40_000} {
			for _, early := range []int{0, 3, length / 2} {
				c, r := dial(t, gw)
				body := strings.Repeat("b", length)
				send(t, c, first+fmt.Sprintf("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", length)+body[:early])
				response(t, r, strings.Fields(first)[0])
				send(t, c, body[early:])
				if resp, got := response(t, r, "POST"); resp.StatusCode != http.StatusOK || got != body {
					t.Errorf("%d bytes, %d of them behind %s: got %d with %d bytes", length, early, name, resp.StatusCode, len(got))
				}
			}
		}
	}
}
