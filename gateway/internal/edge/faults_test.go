package edge_test

import (
	"bufio"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/edge"
)

// saying is a replica that gives one response to every request, and then ends the connection. reset: it is not closed, but reset.
func saying(t *testing.T, text string, reset bool) string {
	t.Helper()
	return rawReplica(t, func(c net.Conn, r *bufio.Reader) {
		if _, err := http.ReadRequest(r); err != nil {
			return
		}
		_, _ = io.WriteString(c, text)
		if reset {
			_ = c.(*net.TCPConn).SetLinger(0) // an error would fail the test
		}
	})
}

func TestWhatIsHarmlessInAResponsePassesFramedAnew(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, row := range map[string]struct {
		text   string
		status int
		body   string
	}{
		"chunked in mixed case":              {ok + "Transfer-Encoding: Chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
		"chunked in capitals":                {ok + "TRANSFER-ENCODING:CHUNKED\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
		"identity":                           {ok + "Transfer-Encoding: identity\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"identity until the close":           {ok + "Transfer-Encoding: identity\r\n\r\nok", 200, "ok"},
		"padded chunks":                      {ok + "Transfer-Encoding: chunked\r\n\r\n2   \r\nok\r\n0   \r\n\r\n", 200, "ok"},
		"white space around an extension":    {ok + "Transfer-Encoding: chunked\r\n\r\n2 ; a = b \r\nok\r\n0 ;c\r\n\r\n", 200, "ok"},
		"equal lengths":                      {ok + "Content-Length: 2\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"equal lengths in a list":            {ok + "Content-Length: 2, 2\r\n\r\nok", 200, "ok"},
		"204 that says chunked":              {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n", 204, ""},
		"204 that says chunked, with an end": {"HTTP/1.1 204 No Content\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n", 204, ""},
		"204 with a length":                  {"HTTP/1.1 204 No Content\r\nContent-Length: 0\r\n\r\n", 204, ""},
		"304 that says chunked":              {"HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\n", 304, ""},
		"a 1xx with a length":                {"HTTP/1.1 103 Early Hints\r\nContent-Length: 0\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", 200, "ok"},
		"a 1xx that says chunked":            {"HTTP/1.1 102 X\r\nTransfer-Encoding: chunked\r\n\r\n" + ok + "Content-Length: 2\r\n\r\nok", 200, "ok"},
		"299":                                {"HTTP/1.1 299 Odd\r\nContent-Length: 2\r\n\r\nok", 299, "ok"},
		"599":                                {"HTTP/1.1 599 Odd\r\nContent-Length: 2\r\n\r\nok", 599, "ok"},
		"999":                                {"HTTP/1.1 999 Odd\r\nContent-Length: 2\r\n\r\nok", 999, "ok"},
		"no reason":                          {"HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"no reason and no space":             {"HTTP/1.1 200\r\nContent-Length: 2\r\n\r\nok", 200, "ok"},
		"HTTP/1.2":                           {"HTTP/1.2 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", 200, "ok"},
		"HTTP/1.0 until the close":           {"HTTP/1.0 200 OK\r\n\r\nok", 200, "ok"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			gw := gate(t, open("/a", saying(t, row.text, false)))
			c, r := dial(t, gw)
			for range 2 { // the first one has ended where the client thinks
				send(t, c, getA)
				resp, body := response(t, r, "GET")
				if resp.StatusCode != row.status || body != row.body || resp.ProtoMinor != 1 || len(resp.Header["Content-Length"]) > 1 {
					t.Errorf("got %s %d %v %q, want %d %q", resp.Proto, resp.StatusCode, resp.Header, body, row.status, row.body)
				}
			}
		})
	}
}

// logged starts a gate whose log is kept.
func logged(t *testing.T, cfg edge.Config, upstream string) (gw string, log *lines) {
	t.Helper()
	log = new(lines)
	cfg.Log = slog.New(slog.NewTextHandler(log, nil))
	return gateWith(t, cfg, open("/a", upstream)), log
}

// blames returns the lines of the log about a request.
func (l *lines) blames(id string) (all []string) {
	for line := range strings.Lines(l.String()) {
		if strings.Contains(line, "request_id="+id) {
			all = append(all, line)
		}
	}
	return all
}

func TestEvery502HasALineThatSaysWhy(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, row := range map[string]struct {
		text   string
		reset  bool
		reason string
	}{
		"no response":               {"", false, "before the response began"},
		"a reset":                   {"", true, "before the response began"}, // whether it was a reset, the kernel says once: perhaps to the writer. A close with bytes unread is one, too
		"half a head":               {ok + "A: b", false, "within the response's head"},
		"a reset within the head":   {ok + "A: b", true, "within the response's head"},
		"no HTTP":                   {"hello, this is no HTTP\r\n\r\n", false, "first line"},
		"HTTP/2":                    {"HTTP/2.0 200 OK\r\n\r\n", false, "HTTP/1.1 and HTTP/1.0 only"},
		"a status of two digits":    {"HTTP/1.1 20 OK\r\n\r\n", false, "first line"},
		"a status below 100":        {"HTTP/1.1 099 OK\r\n\r\n", false, "first line"},
		"different lengths":         {ok + "Content-Length: 1\r\nContent-Length: 2\r\n\r\nok", false, "Content-Length"},
		"different lengths, listed": {ok + "Content-Length: 1, 2\r\n\r\nok", false, "Content-Length"},
		"a length and chunked":      {ok + "Content-Length: 2\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n", false, "both Content-Length and Transfer-Encoding"},
		"chunked twice":             {ok + "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n\r\n", false, "Transfer-Encoding"},
		"gzip":                      {ok + "Transfer-Encoding: gzip, chunked\r\n\r\n", false, "transfer coding"},
		"a folded field":            {ok + "A: b\r\n c\r\n\r\n", false, "header field"},
		"a line feed alone":         {"HTTP/1.1 200 OK\nA: b\n\n", false, "first line"},
		"a head that is too large":  {ok + "A: " + strings.Repeat("b", 100_000) + "\r\n\r\n", false, "too large"},
		"a malformed first chunk":   {ok + "Transfer-Encoding: chunked\r\n\r\nx\r\n", false, "chunked body"},
		"endless 1xx":               {strings.Repeat("HTTP/1.1 103 X\r\n\r\n", 50), false, "too many 1xx"},
		"a 101 unasked for":         {"HTTP/1.1 101 X\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n", false, "101"},
	} {
		for _, request := range []string{ // sent whole, sent again, streamed
			"POST /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nContent-Length: 2\r\n\r\nok",
			"GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n",
			"POST /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n",
		} {
			t.Run(name+" to "+request[:4], func(t *testing.T) {
				t.Parallel()
				up := saying(t, row.text, row.reset)
				gw, log := logged(t, edge.Config{}, up)
				if resp, body := call(t, gw, request); resp.StatusCode != 502 || !strings.Contains(body, "upstream-failed") {
					t.Errorf("got %d %s, want 502", resp.StatusCode, body)
				}
				blames := log.blames("mine")
				if len(blames) != 1 {
					t.Fatalf("got %d lines, want 1:\n%s", len(blames), log)
				}
				for _, part := range []string{"level=WARN", "route=r-a", "upstream=[" + up + "]", "replica=" + up, row.reason} {
					if !strings.Contains(blames[0], part) {
						t.Errorf("got %s, want %s in it", blames[0], part)
					}
				}
			})
		}
	}
}

func TestAResponseThatBreaksOffIsLoggedAsSuch(t *testing.T) {
	t.Parallel()
	const ok = "HTTP/1.1 200 OK\r\n"
	for name, row := range map[string]struct {
		text   string
		reset  bool
		reason string // empty: the response is whole
	}{
		"too few bytes":         {ok + "Content-Length: 100\r\n\r\nok", false, "closed the connection within the response's body"},
		"no last chunk":         {ok + "Transfer-Encoding: chunked\r\n\r\n2\r\nok\r\n", false, "closed the connection within the response's body"},
		"a malformed chunk":     {ok + "Transfer-Encoding: chunked\r\n\r\n10000\r\n" + strings.Repeat("x", 1<<16) + "\r\nx\r\n", false, "chunked body"},
		"a reset":               {ok + "Content-Length: 100\r\n\r\nok", true, "within the response's body: connection reset by peer"},
		"a reset for an end":    {ok + "\r\nok", true, "within the response's body: connection reset by peer"},
		"an end that was meant": {ok + "\r\nok", false, ""},
		"a whole one":           {ok + "Content-Length: 2\r\n\r\nok", false, ""},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			var out lines
			access := edge.NewAccessLog(&out, "gateway", false)
			up := saying(t, row.text, row.reset)
			gw, log := logged(t, edge.Config{Access: access}, up)
			c, r := dial(t, gw)
			send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\nConnection: close\r\n\r\n")
			if resp, err := http.ReadResponse(r, nil); err != nil || resp.StatusCode != 200 {
				t.Fatalf("got %v, %v, want the response's beginning", resp, err)
			}
			_, _ = io.Copy(io.Discard, r) // until it breaks off
			for out.String() == "" {
				access.Flush()
			}
			if broke := strings.Contains(out.String(), `"status":200,`) && strings.Contains(out.String(), `,"ended":"upstream_broke_off"}`); broke != (row.reason != "") {
				t.Errorf("got %s", out.String())
			}
			blames := log.blames("mine")
			if row.reason == "" {
				if len(blames) != 0 {
					t.Errorf("got %s, want no line", blames)
				}
				return
			}
			if len(blames) != 1 || !strings.Contains(blames[0], "level=WARN") || !strings.Contains(blames[0], row.reason) || !strings.Contains(blames[0], "replica="+up) {
				t.Errorf("got %q, want one line with %s", blames, row.reason)
			}
		})
	}
}

// A client that goes is not the upstream's fault.
func TestAClientThatGoesBlamesNoUpstream(t *testing.T) {
	t.Parallel()
	begun, ended := make(chan struct{}), make(chan struct{})
	gw, log := logged(t, edge.Config{}, replica(t, func(w http.ResponseWriter, r *http.Request) {
		w.(http.Flusher).Flush()
		close(begun)
		for r.Context().Err() == nil {
			if _, err := fmt.Fprint(w, strings.Repeat("x", 1000)); err != nil {
				break
			}
			w.(http.Flusher).Flush()
			<-time.After(time.Millisecond)
		}
		close(ended)
	}))
	c, _ := dial(t, gw)
	send(t, c, "GET /a HTTP/1.1\r\nHost: a\r\nX-Request-Id: mine\r\n\r\n")
	<-begun
	c.Close()
	<-ended
	if blames := log.blames("mine"); len(blames) != 0 {
		t.Errorf("got %s, want no line", blames)
	}
}
