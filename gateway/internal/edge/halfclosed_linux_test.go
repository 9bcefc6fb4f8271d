package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
)

// slowly responds when it is told to.
func slowly(t *testing.T, now <-chan struct{}) string {
	t.Helper()
	return replica(t, func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body) // of a request that has come
		if r.URL.Query().Has("begin") {
			w.(http.Flusher).Flush()
		}
		select {
		case <-now:
		case <-r.Context().Done():
			return
		}
		_, _ = fmt.Fprintf(w, "%s%d", body, len(body))
	})
}

func TestAHalfClosedClientGetsItsResponse(t *testing.T) {
	t.Parallel()
	const long = 40_000
	for name, row := range map[string]struct{ request, body string }{
		"keep-alive":                 {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "0"},
		"Connection: close":          {"GET /a HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", "0"},
		"HTTP/1.0":                   {"GET /a HTTP/1.0\r\n\r\n", "0"},
		"HTTP/1.0 kept alive":        {"GET /a HTTP/1.0\r\nConnection: keep-alive\r\n\r\n", "0"},
		"a short body":               {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "ok2"},
		"a long body":                {fmt.Sprintf("POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n", long) + strings.Repeat("x", long), strings.Repeat("x", long) + "40000"},
		"a chunked body":             {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "ok2"},
		"a 100 that was waited for":  {"POST /a HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 2\r\n\r\nok", "ok2"},
		"two requests":               {"GET /a HTTP/1.1\r\nHost: a\r\n\r\nGET /a HTTP/1.1\r\nHost: a\r\n\r\n", "0"},
		"a response that has begun":  {"GET /a?begin HTTP/1.1\r\nHost: a\r\n\r\n", "0"},
		"the same in HTTP/1.0":       {"GET /a?begin HTTP/1.0\r\n\r\n", "0"},
		"a refusal of the gateway's": {"GET /none HTTP/1.1\r\nHost: a\r\n\r\n", ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			now := make(chan struct{}, 2)
			var out lines
			access := edge.NewAccessLog(&out, "gateway", false)
			gw := gateWith(t, edge.Config{Access: access}, open("/a", slowly(t, now)))
			c, r := dial(t, gw)
			send(t, c, row.request)
			_ = c.(*net.TCPConn).CloseWrite()
			if row.body != "" {
				if _, err := r.Peek(1); err != nil { // it has been found out whether the client is there
					t.Fatal(err)
				}
				now <- struct{}{}
				now <- struct{}{}
			}
			for i := range strings.Count(row.request, " HTTP/1.") {
				resp, err := http.ReadResponse(r, nil)
				for err == nil && resp.StatusCode == 100 {
					resp, err = http.ReadResponse(r, nil)
				}
				if err != nil {
					t.Fatalf("response %d: %v", i+1, err)
				}
				body, err := io.ReadAll(resp.Body)
				if want := map[bool]int{true: 200, false: 404}[row.body != ""]; err != nil || resp.StatusCode != want || want == 200 && string(body) != row.body {
					t.Errorf("got %d %.20q, %v, want %d %.20q", resp.StatusCode, body, err, want, row.body)
				}
			}
			if !closed(r) {
				t.Error("more has come")
			}
			for out.String() == "" {
				access.Flush()
			}
			if strings.Contains(out.String(), `"status":499`) {
				t.Errorf("got %s", out.String())
			}
		})
	}
}

// goneLater reads n bytes and closes. By then nothing is unread, so that its kernel sends an end and no reset.
func goneLater(t *testing.T, c net.Conn, r *bufio.Reader, until string) {
	t.Helper()
	for line := "?"; until != "" && line != until; {
		var err error
		if line, err = r.ReadString('\n'); err != nil {
			t.Fatal(err)
		}
	}
	c.Close()
}

func TestAClientThatHasClosedIsGone(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct{ request, until, status string }{
		"before the response":          {"GET /a HTTP/1.1\r\nHost: a\r\n\r\n", "", `"status":499`},
		"before it, in HTTP/1.0":       {"GET /a HTTP/1.0\r\n\r\n", "", `"status":499`},
		"with a body":                  {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 2\r\n\r\nok", "", `"status":499`},
		"with a chunked body":          {"POST /a HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", "", `"status":499`},
		"after the response's head":    {"GET /a?begin HTTP/1.1\r\nHost: a\r\n\r\n", "\r\n", `"status":200`},
		"within a body that came late": {"POST /a HTTP/1.1\r\nHost: a\r\nContent-Length: 100000\r\n\r\nok", "", `"status":499`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			begun, ended := make(chan struct{}), make(chan struct{})
			var out lines
			access := edge.NewAccessLog(&out, "gateway", false)
			gw := gateWith(t, edge.Config{Access: access}, open("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
				close(begun)
				_, _ = io.Copy(io.Discard, r.Body)
				if r.URL.Query().Has("begin") {
					w.(http.Flusher).Flush()
				}
				<-r.Context().Done()
				close(ended)
			})))
			c, r := dial(t, gw)
			send(t, c, row.request)
			<-begun
			goneLater(t, c, r, row.until)
			select {
			case <-ended:
			case <-time.After(4 * time.Second): // less than any timeout of the route
				t.Error("the upstream goes on")
			}
			for out.String() == "" {
				access.Flush()
			}
			if !strings.Contains(out.String(), row.status) {
				t.Errorf("got %s, want %s", out.String(), row.status)
			}
		})
	}
}

// A response that breaks off behind a zero must not look whole: some clients take the end of the connection for a line's.
func TestABrokenResponseToAHalfClosedClientIsReset(t *testing.T) {
	t.Parallel()
	end := make(chan struct{})
	gw := gate(t, open("/a", rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err == nil {
			_, _ = io.WriteString(c, "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n")
			<-end
		}
	})))
	c, r := dial(t, gw)
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\n\r\n")
	_ = c.(*net.TCPConn).CloseWrite()
	var got string
	for !strings.HasSuffix(got, "2\r\nok\r\n0") {
		b, err := r.ReadByte()
		if err != nil {
			t.Fatalf("after %q: %v", got, err)
		}
		got += string(b)
	}
	close(end)
	if _, err := r.ReadByte(); err == nil || err == io.EOF {
		t.Errorf("got %v, want a reset", err)
	}
}
