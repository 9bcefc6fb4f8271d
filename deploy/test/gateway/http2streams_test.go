package gateway_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// TestHTTP2Streams: both bodies pass as they come, and a client that resets its stream cancels the upstream. Other streams go on.
func TestHTTP2Streams(t *testing.T) {
	t.Parallel()
	cancelled := make(chan struct{})
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/wait" {
			<-r.Context().Done()
			close(cancelled)
			return
		}
		control := http.NewResponseController(w)
		_ = control.EnableFullDuplex()
		_ = control.Flush()
		_, _ = io.Copy(flushing{w, control}, r.Body)
	})
	g, client := startHTTP2(t, public("/c", up))
	body, in := io.Pipe()
	resp, err := client.Do(newRequest(t, "POST", g.httpsURL("/c/echo"), body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	waiting := newRequest(t, "GET", g.httpsURL("/c/wait"), nil)
	ended := make(chan error, 1)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	go func() {
		_, err := client.Do(waiting.WithContext(ctx))
		ended <- err
	}()
	for i := range 3 {
		piece := fmt.Sprintf("piece %d of the body\n", i)
		if _, err := io.WriteString(in, piece); err != nil {
			t.Fatal(err)
		}
		got := make([]byte, len(piece))
		if _, err := io.ReadFull(resp.Body, got); err != nil || string(got) != piece {
			t.Fatalf("got %q (%v), want %q before the body's end", got, err, piece)
		}
		if i == 1 {
			cancel()
			if err := <-ended; !errors.Is(err, context.Canceled) {
				t.Errorf("the stream that was reset: %v", err)
			}
			select {
			case <-cancelled:
			case <-time.After(testbed.Patience):
				t.Error("the upstream still works for a stream that was reset")
			}
		}
	}
	_ = in.Close()
	if rest, err := io.ReadAll(resp.Body); err != nil || len(rest) > 0 {
		t.Errorf("at the end: got %q, %v", rest, err)
	}
}

// flushing sends on what is written at once.
type flushing struct {
	io.Writer

	control *http.ResponseController
}

func (f flushing) Write(p []byte) (int, error) {
	n, err := f.Writer.Write(p)
	if err == nil {
		err = f.control.Flush()
	}
	return n, err
}

// TestHTTP2ResponsesThatBreakOff: what is not whole does not look so.
func TestHTTP2ResponsesThatBreakOff(t *testing.T) {
	t.Parallel()
	up := listen(t, func(conn net.Conn) {
		response := "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n"
		in := bufio.NewReader(conn)
		request, err := http.ReadRequest(in)
		if err == nil && request.URL.Path == "/c/length" {
			response = "HTTP/1.1 200 OK\r\nContent-Length: 10\r\n\r\nabc"
		}
		_, _ = io.WriteString(conn, response)
	})
	g, client := startHTTP2(t, public("/c", up))
	for _, path := range []string{"/c/length", "/c/chunked"} {
		resp, err := client.Get(g.httpsURL(path))
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err == nil || string(body) != "abc" {
			t.Errorf("%s: got %q, %v, want an error after abc", path, body, err)
		}
	}
}

// TestHTTP2PlacesOfStreams: each further stream of a connection takes a place like another connection of its address.
func TestHTTP2PlacesOfStreams(t *testing.T) {
	t.Parallel()
	release, begun := make(chan struct{}), make(chan struct{}, 8)
	up := serveHTTP(t, func(_ http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/wait" {
			begun <- struct{}{}
			<-release
		}
	})
	g, client := startHTTP2(t, public("/c", up), "CONNECTIONS_PER_ADDRESS=3")
	results := make(chan error, 3)
	for range 3 {
		go func() {
			_, err := fetch(client, g.httpsURL("/c/wait"))
			results <- err
		}()
		<-begun
	}
	if got := ask(t, client, newRequest(t, "GET", g.httpsURL("/c"), nil)); got.StatusCode != 503 || !strings.Contains(got.body, "/problems/too-many-connections") {
		t.Errorf("the fourth: got %d %s", got.StatusCode, got.body)
	}
	close(release)
	for range 3 {
		if err := <-results; err != nil {
			t.Error(err)
		}
	}
	testbed.Eventually(t, "places to be free again", func() error {
		_, err := fetch(client, g.httpsURL("/c"))
		return err
	})
}

// TestHTTP2RestartsLoseNoCall: a gateway that stops finishes what is open, and its clients send further requests elsewhere.
func TestHTTP2RestartsLoseNoCall(t *testing.T) {
	t.Parallel()
	begun, release := make(chan struct{}), make(chan struct{})
	up := serveHTTP(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/c/wait" {
			close(begun)
			<-release
		}
		_, _ = io.WriteString(w, "whole")
	})
	g, client := startHTTP2(t, public("/c", up))
	if _, err := fetch(client, g.httpsURL("/c")); err != nil {
		t.Fatal(err)
	}
	result := make(chan string, 1)
	go func() {
		body, err := fetch(client, g.httpsURL("/c/wait"))
		result <- fmt.Sprint(body, err)
	}()
	<-begun
	if err := g.Signal(syscall.SIGTERM); err != nil {
		t.Fatal(err)
	}
	close(release)
	if got := <-result; got != "whole<nil>" {
		t.Errorf("got %s", got)
	}
	select {
	case <-g.Ended():
	case <-time.After(testbed.Patience):
		t.Error("the gateway waits for a connection that is idle")
	}
}
