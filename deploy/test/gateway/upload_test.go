package gateway_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// TestAnUpstreamThatBreaksOffWithinAnUpload: a client that still sends gets an error response.
func TestAnUpstreamThatBreaksOffWithinAnUpload(t *testing.T) {
	t.Parallel()
	up := listen(t, func(conn net.Conn) {
		if r, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.CopyN(io.Discard, r.Body, 5)
		}
	})
	silent := listen(t, func(conn net.Conn) { _, _ = io.Copy(io.Discard, conn) })
	g := startGateway(t, and(public("/breaks", up), route("silent", "/silent", []string{silent}, "auth: public", "timeouts: {first_byte: 300ms}")))
	for name, test := range map[string]struct {
		request string
		status  int
	}{
		"by length":  {"POST /breaks HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nhello", 502},
		"in chunks":  {"POST /breaks HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 502},
		"a time-out": {"POST /silent HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n", 504},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send(test.request)
			r := conn.must(t, "POST")
			if r.StatusCode != test.status {
				t.Errorf("got %d %s, want %d", r.StatusCode, r.body, test.status)
			}
			if err := r.problem(); err != nil {
				t.Error(err)
			}
		})
	}
}

// TestClientsThatStopSendingDoNotEjectReplicas: a stalled client is not a replica's failure.
func TestClientsThatStopSendingDoNotEjectReplicas(t *testing.T) {
	t.Parallel()
	reads := func(_ http.ResponseWriter, r *http.Request) { _, _ = io.Copy(io.Discard, r.Body) }
	ups := []string{serveHTTP(t, reads), serveHTTP(t, reads)}
	g := startGateway(t, route("up", "/up", ups, "auth: public", "timeouts: {progress: 300ms}"))
	var stalled []*rawConn
	for range 12 {
		conn := dial(t, g.addr)
		conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\nContent-Length: 100000\r\n\r\nabc")
		stalled = append(stalled, conn)
	}
	for _, conn := range stalled {
		if err := conn.closed(); err != nil {
			t.Fatal(err)
		}
	}
	if ejected := g.metric(t, fmt.Sprintf(`tallygate_gateway_upstream_replicas{state="ejected",upstream=%q}`, strings.Join(ups, ","))); ejected != "0" {
		t.Errorf("got %s ejected replicas, want none", ejected)
	}
}

// TestFirstByteAfterA100: the timeout for the first byte begins at the request's end. A 100 is not the response.
func TestFirstByteAfterA100(t *testing.T) {
	t.Parallel()
	up := listen(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 100 Continue\r\n\r\n")
			_, _ = io.Copy(io.Discard, conn)
		}
	})
	g := startGateway(t, route("up", "/up", []string{up}, "auth: public", "timeouts: {first_byte: 500ms, progress: 60s}"))
	conn := dial(t, g.addr)
	conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	if line, err := conn.in.ReadString('\n'); err != nil || line != "HTTP/1.1 100 Continue\r\n" {
		t.Fatalf("got %q (%v), want 100 Continue", line, err)
	}
	if line, err := conn.in.ReadString('\n'); err != nil || line != "\r\n" {
		t.Fatalf("got %q (%v), want the end of the 100", line, err)
	}
	conn.send("hello")
	began := time.Now()
	if r := conn.must(t, "POST"); r.StatusCode != http.StatusGatewayTimeout || time.Since(began) > 20*time.Second {
		t.Errorf("got %d after %s, want 504 after 500ms", r.StatusCode, time.Since(began))
	}
}

// TestNo100WithinAResponse: after the final response has begun, the client gets no 100 any more.
func TestNo100WithinAResponse(t *testing.T) {
	t.Parallel()
	next := make(chan struct{})
	up := listen(t, func(conn net.Conn) {
		if _, err := http.ReadRequest(bufio.NewReader(conn)); err == nil {
			_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nfirst")
			<-next
			_, _ = io.WriteString(conn, "after")
		}
	})
	g := startGateway(t, public("/up", up))
	conn := dial(t, g.addr)
	conn.send("POST /up HTTP/1.1\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n")
	resp, err := http.ReadResponse(conn.in, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	<-time.After(2 * time.Second) // the gateway sends a 100 itself if the upstream is silent for a second
	close(next)
	if body, err := io.ReadAll(resp.Body); err != nil || string(body) != "firstafter" {
		t.Errorf("got %q (%v), want firstafter", body, err)
	}
}

// TestBytesInOneDirectionAreProgress: the other direction may be silent for longer than the timeout.
func TestBytesInOneDirectionAreProgress(t *testing.T) {
	t.Parallel()
	const pieces, pause = 12, 200 * time.Millisecond
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // always possible in HTTP/1.1
		w.(http.Flusher).Flush()
		for range pieces {
			if r.URL.Path == "/up/writes" {
				<-time.After(pause)
				_, _ = io.WriteString(w, "x") // the client sees what is missing
				w.(http.Flusher).Flush()
			}
		}
		n, _ := io.Copy(io.Discard, r.Body)
		_, _ = fmt.Fprint(w, n)
	})
	g := startGateway(t, route("up", "/up", []string{up}, "auth: public", "timeouts: {progress: 1s}"))
	for path, want := range map[string]string{"/up/writes": strings.Repeat("x", pieces) + "0", "/up/reads": fmt.Sprint(pieces)} {
		t.Run(path, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send("POST " + path + " HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n")
			resp, err := http.ReadResponse(conn.in, nil)
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			for range pieces {
				<-time.After(pause)
				if path == "/up/reads" {
					conn.send("1\r\nx\r\n")
				}
			}
			conn.send("0\r\n\r\n")
			if body, err := io.ReadAll(resp.Body); err != nil || string(body) != want {
				t.Errorf("got %q (%v), want %s", body, err, want)
			}
		})
	}
}
