package h2_test

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/h2"
)

// linksTo are Links to a server that speaks HTTP/2 only, and a count of their connections.
func linksTo(t *testing.T, handle http.HandlerFunc) (*h2.Links, *atomic.Int64) {
	t.Helper()
	server := httptest.NewUnstartedServer(handle)
	server.Config.Protocols = new(http.Protocols)
	server.Config.Protocols.SetUnencryptedHTTP2(true)
	server.Start()
	t.Cleanup(server.Close)
	dials := new(atomic.Int64)
	return h2.NewLinks(func(ctx context.Context) (net.Conn, error) {
		dials.Add(1)
		return new(net.Dialer).DialContext(ctx, "tcp", server.Listener.Addr().String())
	}), dials
}

func callOf(t *testing.T, links *h2.Links) *h2.Call {
	t.Helper()
	call, err := links.Call(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = call.Close() })
	return call
}

// exchanges are requests as package wire writes them, and what the server of the test makes of them.
var exchanges = map[string]struct {
	writes            []string
	method, got, body string
	status            int
}{
	"GET":           {writes: []string{"GET /a?b=c HTTP/1.1\r\nHost: h\r\nX-Own: d\r\n\r\n"}, method: "GET", got: "GET /a?b=c h trailers d", status: 200},
	"two slashes":   {writes: []string{"GET //a HTTP/1.1\r\nHost: h\r\n\r\n"}, method: "GET", got: "GET //a h trailers ", status: 200},
	"HEAD":          {writes: []string{"HEAD /a HTTP/1.1\r\nHost: h\r\n\r\n"}, method: "HEAD", got: "HEAD /a h trailers ", status: 200},
	"a whole body":  {writes: []string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\nhello"}, method: "POST", got: "POST / h trailers ", body: "hello", status: 200},
	"no content":    {writes: []string{"PUT / HTTP/1.1\r\nHost: h\r\nContent-Length: 0\r\n\r\n"}, method: "PUT", got: "PUT / h trailers ", status: 204},
	"in two pieces": {writes: []string{"POST / HTTP/1.1\r\nHost: h\r\nContent-Length: 5\r\n\r\n", "he", "llo"}, method: "POST", got: "POST / h trailers ", body: "hello", status: 200},
	"in chunks": {
		writes: []string{"POST / HTTP/1.1\r\nHost: h\r\nUser-Agent: u\r\nTransfer-Encoding: chunked\r\n\r\n", "2\r\nhe\r\n", "3\r\nllo\r\n0\r\n\r\n"},
		method: "POST", got: "POST / h trailers u", body: "hello", status: 200,
	},
}

func TestACallIsAnExchangeOfHTTP1(t *testing.T) {
	t.Parallel()
	links, dials := linksTo(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		w.Header().Set("Trailer", "X-Sum")
		w.Header().Set("X-Got", r.Method+" "+r.RequestURI+" "+r.Host+" "+r.Header.Get("Te")+" "+r.Header.Get("X-Own")+r.Header.Get("User-Agent"))
		if r.Method == http.MethodPut {
			w.WriteHeader(http.StatusNoContent)
			return
		}
		_ = http.NewResponseController(w).Flush()
		_, _ = w.Write(body)
		w.Header().Set("X-Sum", "1")
	})
	t.Cleanup(func() {
		if got := dials.Load(); got != 1 {
			t.Errorf("got %d connections, want 1", got)
		}
	})
	for name, row := range exchanges {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			call := callOf(t, links)
			written := make(chan error, 1)
			if _, err := call.Write([]byte(row.writes[0])); err != nil {
				t.Fatal(err)
			}
			go func() {
				var err error
				for _, p := range row.writes[1:] {
					_, writeErr := call.Write([]byte(p))
					err = errors.Join(err, writeErr)
				}
				written <- err
			}()
			resp, err := http.ReadResponse(bufio.NewReader(call), &http.Request{Method: row.method})
			if err != nil {
				t.Fatal(err)
			}
			defer resp.Body.Close()
			body, err := io.ReadAll(resp.Body)
			if err = errors.Join(err, <-written); err != nil || resp.StatusCode != row.status || resp.Header.Get("X-Got") != strings.TrimSpace(row.got) || string(body) != row.body || !resp.Close {
				t.Errorf("got %d %q %q (%v)", resp.StatusCode, resp.Header.Get("X-Got"), body, err)
			}
			if row.body != "" && resp.Trailer.Get("X-Sum") != "1" {
				t.Errorf("trailers: got %v", resp.Trailer)
			}
		})
	}
}

func TestADeadlineEndsACall(t *testing.T) {
	t.Parallel()
	ended := make(chan struct{})
	links, _ := linksTo(t, func(_ http.ResponseWriter, r *http.Request) {
		<-r.Context().Done()
		close(ended)
	})
	call := callOf(t, links)
	if _, err := call.Write([]byte("POST / HTTP/1.1\r\nHost: h\r\nTransfer-Encoding: chunked\r\n\r\n")); err != nil {
		t.Fatal(err)
	}
	read := make(chan error, 1)
	go func() {
		_, err := call.Read(make([]byte, 100))
		read <- err
	}()
	if _, err := call.Write([]byte("1\r\na\r\n")); err != nil { // the server has the request
		t.Fatal(err)
	}
	if err := call.SetDeadline(time.Unix(1, 0)); err != nil {
		t.Fatal(err)
	}
	if err := <-read; err == nil {
		t.Error("Read returns no error")
	}
	if _, err := call.Read(make([]byte, 100)); !errors.Is(err, os.ErrDeadlineExceeded) {
		t.Errorf("Read afterwards: got %v", err)
	}
	if _, err := call.Write([]byte("1\r\na\r\n")); err == nil {
		t.Error("Write returns no error")
	}
	<-ended
}

func TestALinkThatCannotBeOpened(t *testing.T) {
	t.Parallel()
	refused := errors.New("refused")
	release := make(chan struct{})
	var dials atomic.Int64
	links := h2.NewLinks(func(context.Context) (net.Conn, error) {
		dials.Add(1)
		<-release
		return nil, refused
	})
	results := make(chan error, 4)
	for range 4 {
		go func() {
			_, err := links.Call(t.Context())
			results <- err
		}()
	}
	close(release)
	for range 4 {
		if err := <-results; !errors.Is(err, refused) || strings.Contains(err.Error(), "panic") {
			t.Errorf("got %v", err)
		}
	}
	if n := dials.Load(); n > 4 {
		t.Errorf("%d dials for 4 calls", n)
	}
}
