package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

const (
	getA  = "GET /a HTTP/1.1\r\nHost: a\r\n\r\n"
	postA = "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nhi"
)

// named responds with a name.
func named(name string) http.HandlerFunc {
	return func(w http.ResponseWriter, _ *http.Request) { _, _ = io.WriteString(w, name) }
}

func TestRequestsAreSpreadOverAllReplicas(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, named("1")), replica(t, named("2")), replica(t, named("3"))))
	c, r := dial(t, gw)
	got := map[string]int{}
	for range 200 {
		send(t, c, getA)
		_, body := response(t, r, "GET")
		got[body]++
	}
	for _, name := range []string{"1", "2", "3"} {
		if got[name] < 20 {
			t.Errorf("replica %s got %d of 200", name, got[name])
		}
	}
}

func TestADeadReplicaIsNotNoticedByClients(t *testing.T) {
	t.Parallel()
	dead := httptest.NewServer(named("dead"))
	gw := gate(t, open("/a", dead.Listener.Addr().String(), replica(t, named("healthy"))))
	c, r := dial(t, gw)
	for i := range 200 {
		if i == 50 {
			dead.CloseClientConnections()
			dead.Close()
		}
		request := getA
		if i > 50 && i%2 == 0 {
			request = postA // a replica that takes no connection has seen nothing of it
		}
		send(t, c, request)
		resp, body := response(t, r, "GET")
		if resp.StatusCode != 200 || i > 50 && body != "healthy" {
			t.Fatalf("request %d: got %d %s", i, resp.StatusCode, body)
		}
	}
}

func TestAConnectionThatTheUpstreamHasClosedIsNoError(t *testing.T) {
	t.Parallel()
	var served atomic.Int64
	closings := make(chan struct{}, 1)
	// It says keep-alive, and closes after each response.
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			served.Add(1)
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			c.Close()
			closings <- struct{}{}
		}
	})))
	c, r := dial(t, gw)
	for i := range 50 {
		request := getA
		if i%2 == 1 {
			request = postA // which is safe because the close has arrived
		}
		send(t, c, request)
		if resp, body := response(t, r, "GET"); resp.StatusCode != 200 {
			t.Fatalf("request %d: got %d %s", i, resp.StatusCode, body)
		}
		<-closings
	}
	if served.Load() != 50 {
		t.Errorf("the upstream served %d requests, want each of 50 once", served.Load())
	}
}

func TestARequestThatMayHaveBeenCarriedOutIsNotSentAgain(t *testing.T) {
	t.Parallel()
	deleteA, patchA := strings.Replace(getA, "GET", "DELETE", 1), strings.Replace(getA, "GET", "PATCH", 1)
	for _, test := range []struct {
		request string
		retries int
		want    int64
	}{{postA, 1, 1}, {patchA, 1, 1}, {getA, 1, 2}, {getA, 0, 1}, {deleteA, 1, 2}, {deleteA, 0, 1}} {
		var seen atomic.Int64
		r := open("/a", rawReplica(t, func(_ net.Conn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err == nil {
				seen.Add(1) // and then the connection breaks
			}
		}))
		r.Retries = test.retries
		resp, body := call(t, gate(t, r), test.request)
		if resp.StatusCode != 502 || !strings.Contains(body, "upstream-failed") {
			t.Errorf("%.6s: got %d %s", test.request, resp.StatusCode, body)
		}
		if seen.Load() != test.want {
			t.Errorf("%.6s with %d retries: seen %d times, want %d", test.request, test.retries, seen.Load(), test.want)
		}
	}
}

func TestADeletionOnAKeptConnectionThatBreaksIsNotSentAgain(t *testing.T) {
	t.Parallel()
	for retries, want := range []int64{1, 2} {
		var deletions atomic.Int64
		r := open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
			for {
				req, err := http.ReadRequest(r)
				if err != nil {
					return
				}
				if req.Method == http.MethodDelete {
					deletions.Add(1) // and then the connection breaks
					return
				}
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
			}
		}))
		r.Retries = retries
		gw := gate(t, r)
		call(t, gw, getA)
		if resp, body := call(t, gw, strings.Replace(getA, "GET", "DELETE", 1)); resp.StatusCode != 502 {
			t.Errorf("with %d retries: got %d %s", retries, resp.StatusCode, body)
		}
		if deletions.Load() < 1 || deletions.Load() > want {
			t.Errorf("with %d retries: deleted %d times, want at most %d", retries, deletions.Load(), want)
		}
	}
}

func TestAReplicaThatHangsIsFoundAndItsRequestsAreSentToAnother(t *testing.T) {
	t.Parallel()
	hang := make(chan struct{})
	var hanging atomic.Bool
	hung := replica(t, func(w http.ResponseWriter, r *http.Request) {
		if hanging.Load() {
			<-hang
		}
		named("hung")(w, r)
	})
	t.Cleanup(func() { close(hang) })
	a := open("/a", hung, replica(t, named("healthy")))
	a.Health = "/health"
	a.Timeouts.FirstByte = 20 * time.Second
	gw := gate(t, a)
	hanging.Store(true)
	begun := time.Now()
	bodies := make(chan string)
	const clients = 20
	for range clients {
		go func() {
			resp, err := http.Get("http://" + gw + "/a")
			if err != nil {
				bodies <- err.Error()
				return
			}
			defer resp.Body.Close()
			body, _ := io.ReadAll(resp.Body)
			bodies <- string(body)
		}()
	}
	for range clients {
		if body := <-bodies; body != "healthy" {
			t.Errorf("got %s", body)
		}
	}
	// Three seconds, and some for a busy machine.
	if took := time.Since(begun); took > 5*time.Second {
		t.Errorf("it took %s", took)
	}
}

func TestAnUpstreamThatIsSlowToBeginIsGivenUp(t *testing.T) {
	t.Parallel()
	a := open("/a", rawReplica(t, func(_ net.Conn, r *bufio.Reader) { _, _ = io.Copy(io.Discard, r) }))
	a.Timeouts.FirstByte = 200 * time.Millisecond
	gw := gate(t, a, open("/b", replica(t, named("b"))))
	c, r := dial(t, gw)
	send(t, c, getA)
	if resp, body := response(t, r, "GET"); resp.StatusCode != 504 || !strings.Contains(body, "upstream-timeout") {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
	send(t, c, "GET /b HTTP/1.1\r\nHost: a\r\n\r\n")
	if resp, _ := response(t, r, "GET"); resp.StatusCode != 200 {
		t.Errorf("another upstream: got %d", resp.StatusCode)
	}
}

func TestTheLastReplicaIsNeverGivenUp(t *testing.T) {
	t.Parallel()
	var broken atomic.Bool
	broken.Store(true)
	addr := rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(r); err != nil || broken.Load() {
				return
			}
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
		}
	})
	gw := gate(t, open("/a", addr))
	for range 10 {
		if resp, _ := call(t, gw, postA); resp.StatusCode != 502 {
			t.Fatalf("broken: got %d", resp.StatusCode)
		}
	}
	broken.Store(false)
	if resp, _ := call(t, gw, postA); resp.StatusCode != 200 {
		t.Errorf("healthy again: got %d", resp.StatusCode)
	}
}

func TestResponsesThatAreNotHTTPAreNotPassedOn(t *testing.T) {
	t.Parallel()
	for _, text := range []string{
		"hello\r\n\r\n", "HTTP/1.1 200 OK\nContent-Length: 0\n\n", "HTTP/1.1 200 OK\r\nContent-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n",
		"HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: h2c\r\n\r\n", "HTTP/1.1 200 OK\r\nX: a\r\n b\r\n\r\n",
		"HTTP/1.1 200 OK\r\nX: " + strings.Repeat("a", 100000) + "\r\n\r\n", strings.Repeat("HTTP/1.1 103 Early\r\n\r\n", 100),
	} {
		gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err == nil {
				_, _ = io.WriteString(c, text)
			}
		})))
		c, r := dial(t, gw)
		send(t, c, postA)
		resp, err := http.ReadResponse(r, nil)
		for err == nil && resp.StatusCode == 103 {
			resp, err = http.ReadResponse(r, nil)
		}
		if err != nil || resp.StatusCode != 502 {
			t.Errorf("%.40q: got %v, %v, want 502", text, resp, err)
		}
	}
}

// An upstream that sends two responses to one request does not respond to the next client.
func TestAResponseWithoutARequestReachesNoClient(t *testing.T) {
	t.Parallel()
	var n atomic.Int64
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		for {
			if _, err := http.ReadRequest(r); err != nil {
				return
			}
			i := n.Add(1)
			_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n%02dHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison", i)
		}
	})))
	c, r := dial(t, gw)
	for i := range 20 {
		send(t, c, getA)
		if _, body := response(t, r, "GET"); body != fmt.Sprintf("%02d", i+1) {
			t.Fatalf("request %d: got %s", i, body)
		}
	}
}
