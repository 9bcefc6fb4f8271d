package edge_test

import (
	"bufio"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"
)

// pattern is n bytes that are not all the same.
func pattern(n int64) io.Reader { return io.LimitReader(&counter{}, n) }

type counter struct{ n byte }

func (c *counter) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = c.n
		c.n = c.n*13 + 7
	}
	return len(p), nil
}

func sum(r io.Reader) string {
	h := sha256.New()
	n, _ := io.Copy(h, r) // a short copy has another sum
	return fmt.Sprint(n, hex.EncodeToString(h.Sum(nil)[:8]))
}

func TestBodiesArriveAsTheyWereSent(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/up", replica(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, sum(r.Body))
	})), open("/down", replica(t, func(w http.ResponseWriter, r *http.Request) {
		var n int64
		_, _ = fmt.Sscan(r.URL.Query().Get("n"), &n)
		if r.URL.Query().Get("length") != "" {
			w.Header().Set("Content-Length", fmt.Sprint(n))
		}
		_, _ = io.Copy(w, pattern(n))
	})))
	for _, size := range []int64{0, 1, 1000, 16 << 10, 65535, 65536, 65537, 5 << 20} {
		want := sum(pattern(size))
		for _, length := range []int64{size, -1} {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodPost, "http://"+gw+"/up", io.NopCloser(pattern(size)))
			req.ContentLength = length
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			got, _ := io.ReadAll(resp.Body)
			resp.Body.Close()
			if string(got) != want {
				t.Errorf("up %d bytes, length %d: got %s, want %s", size, length, got, want)
			}
		}
		for _, query := range []string{"", "&length=1"} {
			req, _ := http.NewRequestWithContext(t.Context(), http.MethodGet, fmt.Sprintf("http://%s/down?n=%d%s", gw, size, query), nil)
			resp, err := http.DefaultClient.Do(req)
			if err != nil {
				t.Fatal(err)
			}
			if got := sum(resp.Body); got != want {
				t.Errorf("down %d bytes%s: got %s, want %s", size, query, got, want)
			}
			resp.Body.Close()
		}
	}
}

func TestEventsAreSentOnAtOnce(t *testing.T) {
	t.Parallel()
	next := make(chan string)
	gw := gate(t, open("/events", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Content-Type", "text/event-stream")
		for event := range next {
			_, _ = io.WriteString(w, event)
			w.(http.Flusher).Flush()
		}
	})))
	c, r := dial(t, gw)
	send(t, c, "GET /events HTTP/1.1\r\nHost: a\r\n\r\n")
	next <- "data: 0\n\n"
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	defer close(next) // which ends the body
	events := bufio.NewReader(resp.Body)
	for i := range 5 {
		if line, err := events.ReadString('\n'); err != nil || line != fmt.Sprintf("data: %d\n", i) {
			t.Fatalf("got %q, %v, want event %d", line, err, i)
		}
		_, _ = events.ReadString('\n')
		next <- fmt.Sprintf("data: %d\n\n", i+1)
	}
}

func TestAClientThatExpectsA100GetsOne(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/reads", replica(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, sum(r.Body))
	})), open("/refuses", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusForbidden)
	})), open("/ignores", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		req, err := http.ReadRequest(r) // it never says 100
		if err != nil {
			return
		}
		body, _ := io.ReadAll(req.Body)
		_, _ = fmt.Fprintf(c, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(body), body)
	})), locked("/locked", "127.0.0.1:1"))
	const lines = " HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\nExpect: 100-continue\r\n\r\n"

	for _, path := range []string{"/reads", "/ignores"} {
		c, r := dial(t, gw)
		send(t, c, "POST "+path+lines)
		resp, err := http.ReadResponse(r, nil)
		if err != nil || resp.StatusCode != 100 {
			t.Fatalf("%s: got %v, %v, want 100", path, resp, err)
		}
		send(t, c, "hello")
		if resp, _ := response(t, r, "POST"); resp.StatusCode != 200 || resp.Close {
			t.Errorf("%s: got %d, close %v", path, resp.StatusCode, resp.Close)
		}
		send(t, c, "GET /locked HTTP/1.1\r\nHost: a\r\n\r\n")
		if resp, _ := response(t, r, "GET"); resp.StatusCode != 401 {
			t.Errorf("%s: the next request got %d", path, resp.StatusCode)
		}
	}
	for path, status := range map[string]int{"/refuses": 403, "/locked": 401} {
		c, r := dial(t, gw)
		send(t, c, "POST "+path+lines)
		resp, _ := response(t, r, "POST")
		if resp.StatusCode != status || !resp.Close || !closed(r) {
			t.Errorf("%s: got %d, close %v, want %d and the end", path, resp.StatusCode, resp.Close, status)
		}
	}
}

func TestAnEarlyResponseReachesAClientThatStillSends(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Connection", "close")
		w.WriteHeader(http.StatusRequestEntityTooLarge)
		_, _ = io.WriteString(w, "enough")
	})))
	c, r := dial(t, gw)
	send(t, c, "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 10000000\r\n\r\n")
	send(t, c, strings.Repeat("x", 100000))
	resp, body := response(t, r, "POST")
	if resp.StatusCode != 413 || body != "enough" || !resp.Close {
		t.Errorf("got %d %q, close %v", resp.StatusCode, body, resp.Close)
	}
}

func TestAnUpstreamMayRespondWhileItReads(t *testing.T) {
	t.Parallel()
	gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		_ = http.NewResponseController(w).EnableFullDuplex() // HTTP/1.1: always
		w.(http.Flusher).Flush()
		_, _ = io.Copy(flushing{w}, r.Body)
	})))
	c, r := dial(t, gw)
	send(t, c, "POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n")
	resp, err := http.ReadResponse(r, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	for range 3 {
		send(t, c, "4\r\nping\r\n")
		got := make([]byte, 4)
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != "ping" {
			t.Fatalf("got %q, %v", got, err)
		}
	}
	send(t, c, "0\r\n\r\n")
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("got %q, %v at the end", rest, err)
	}
}

type flushing struct{ http.ResponseWriter }

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.ResponseWriter.Write(p)
	f.ResponseWriter.(http.Flusher).Flush()
	return n, err
}

func TestAClientThatGoesEndsTheRequestAtTheUpstream(t *testing.T) {
	t.Parallel()
	for name, text := range map[string]string{
		"while it waits":     "GET /a HTTP/1.1\r\nHost: a\r\n\r\n",
		"while it sends":     "POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nabc",
		"while it is served": "GET /a?flush=1 HTTP/1.1\r\nHost: a\r\n\r\n",
	} {
		begun, ended := make(chan struct{}), make(chan struct{})
		gw := gate(t, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				w.(http.Flusher).Flush()
			}
			close(begun)
			if r.Method == http.MethodPost {
				_, _ = io.Copy(io.Discard, r.Body)
			}
			<-r.Context().Done()
			close(ended)
		})))
		c, _ := dial(t, gw)
		send(t, c, text)
		<-begun
		c.Close()
		select {
		case <-ended:
		case <-time.After(5 * time.Second):
			t.Errorf("%s: the upstream goes on", name)
		}
	}
}

func TestAResponseThatBreaksOffDoesNotLookWhole(t *testing.T) {
	t.Parallel()
	for name, lines := range map[string]string{
		"by length": "Content-Length: 10\r\n\r\nhello",
		"chunked":   "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n",
		"bad chunk": "Transfer-Encoding: chunked\r\n\r\n5\r\nhelloX\r\n0\r\n\r\n",
	} {
		gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
			if _, err := http.ReadRequest(r); err == nil {
				_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\n"+lines)
			}
		})))
		c, r := dial(t, gw)
		send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
		resp, err := http.ReadResponse(r, nil)
		if err != nil {
			t.Errorf("%s: %v", name, err)
			continue
		}
		// Where nothing had been sent on yet, 502 is the better response.
		if _, err := io.ReadAll(resp.Body); err == nil && resp.StatusCode != 502 {
			t.Errorf("%s: the body looks whole", name)
		}
		resp.Body.Close()
	}
}
