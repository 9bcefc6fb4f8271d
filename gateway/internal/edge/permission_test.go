package edge_test

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"net"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/kit/token"
)

// revoker is a keeper that withdraws the permission of all.
type revoker struct {
	keeper
	why atomic.Pointer[error]
}

func (r *revoker) Valid(check.Identity, time.Time) error {
	if why := r.why.Load(); why != nil {
		return *why
	}
	return nil
}

// inFlight is a call in flight.
type inFlight struct {
	*testing.T
	server *edge.Server
	check  revoker
	meter  *meter.Meter
	usage  adder
	log    bytes.Buffer
	access *edge.AccessLog
	client net.Conn
	in     *bufio.Reader

	received chan int      // how many bytes the replica has read after the head
	send     chan string   // what the replica sends
	broken   chan struct{} // closed when the replica sees the request end
}

const (
	whole   = "GET /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n\r\n"
	post    = "POST /a HTTP/1.1\r\nHost: a\r\nAuthorization: good\r\n"
	refused = `{"message":"Token is not valid"}`
)

// begin sends a request, and the replica this response.
func begin(t *testing.T, request, response string, change func(*route.Route)) *inFlight {
	t.Helper()
	e := &inFlight{T: t, received: make(chan int, 100), send: make(chan string, 10), broken: make(chan struct{})}
	e.send <- response
	r := locked("/a", rawReplica(t, e.serve))
	r.Metered = true
	if change != nil {
		change(r)
	}
	e.meter = meterOf(t, &e.usage)
	e.access = edge.NewAccessLog(&e.log, "gateway", false)
	var addr string
	e.server, addr = serverWith(t, edge.Config{Check: &e.check, Meter: e.meter, Access: e.access}, upstream.Config{}, r)
	e.client, e.in = dial(t, addr)
	send(t, e.client, request)
	return e
}

// serve is the replica.
func (e *inFlight) serve(c net.Conn, r *bufio.Reader) {
	if _, err := http.ReadRequest(r); err != nil {
		return // a health check
	}
	go func() {
		for text := range e.send {
			_, _ = io.WriteString(c, text)
		}
	}()
	defer close(e.broken)
	buf := make([]byte, 1<<16)
	for total := 0; ; {
		n, err := r.Read(buf)
		if err != nil {
			return
		}
		total += n
		e.received <- total
	}
}

// lasting waits until the call is looked at.
func (e *inFlight) lasting() {
	e.Helper()
	for e.server.Lasting(later()) == 0 {
		select {
		case <-time.After(time.Millisecond):
		case <-e.Context().Done():
			e.Fatal("the call is not looked at")
		}
	}
}

// later is when a call that begins now has lasted.
func later() time.Time { return time.Now().Add(2 * time.Second) }

// revoke withdraws the permission, and looks at the call when it has lasted.
func (e *inFlight) revoke(why error) {
	e.Helper()
	e.check.why.Store(&why)
	e.server.Recheck(later())
}

// ended fails the test unless the call ends at the upstream, and is counted and logged like this.
func (e *inFlight) ended(want usage, status, reason string) {
	e.Helper()
	select {
	case <-e.broken:
	case <-time.After(5 * time.Second):
		e.Error("the request goes on at the upstream")
	}
	e.client.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 5*time.Second)
	defer cancel()
	if err := e.server.Shutdown(ctx); err != nil {
		e.Error(err)
	}
	if err := e.meter.Close(ctx); err != nil {
		e.Error(err)
	}
	e.access.Flush()
	if e.usage.sum != want {
		e.Errorf("counted %+v, want %+v", e.usage.sum, want)
	}
	line := e.log.String()
	if reason != "" {
		reason = `,"ended":"` + reason + `"`
	}
	if !strings.Contains(line, `"status":`+status+`,`) || !strings.HasSuffix(line, `"client":"127.0.0.1"`+reason+"}\n") {
		e.Errorf("the access line is %s", line)
	}
}

const event = "data: 1\n\n"

// first reads the response up to the first event.
func (e *inFlight) first() *http.Response {
	e.Helper()
	resp, err := http.ReadResponse(e.in, nil)
	if err != nil {
		e.Fatal(err)
	}
	if _, err := io.ReadFull(resp.Body, make([]byte, len(event))); err != nil {
		e.Fatal(err)
	}
	return resp
}

func TestAResponseBreaksOffWhenItsPermissionEnds(t *testing.T) {
	t.Parallel()
	const untilTheEnd = "HTTP/1.1 200 OK\r\n\r\n" + event
	for name, test := range map[string]struct{ request, response string }{
		"chunks":                            {whole, "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n9\r\n" + event + "\r\n"},
		"a length":                          {whole, "HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n" + event},
		"neither":                           {whole, untilTheEnd},
		"neither, for a client of HTTP/1.0": {strings.Replace(whole, "HTTP/1.1", "HTTP/1.0", 1), untilTheEnd},
		"while the body is sent":            {post + "Content-Length: 100000\r\n\r\n", untilTheEnd},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, test.request, test.response, nil)
			resp := e.first()
			defer resp.Body.Close()
			e.revoke(token.ErrExpired)
			if rest, err := io.ReadAll(resp.Body); err == nil || len(rest) > 0 {
				t.Errorf("got %q, %v, want a response that breaks off", rest, err)
			}
			e.ended(usage{Requests: 1, Units: 1, BytesOut: len(event)}, "200", "expired")
		})
	}
}

func TestARequestWithoutAResponseIsRefusedWhenItsPermissionEnds(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		request string
		in      int
	}{
		"a response is awaited":   {whole, 0},
		"a body with a length":    {post + "Content-Length: 100000\r\n\r\nhello", 5},
		"a body in chunks":        {post + "Transfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n", 5},
		"a 100 is awaited":        {post + "Expect: 100-continue\r\nContent-Length: 5\r\n\r\n", 0},
		"the whole body has come": {post + "Content-Length: 20000\r\n\r\n" + strings.Repeat("x", 20000), 20000},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, test.request, "", nil)
			e.lasting()
			for got := 0; got < test.in; {
				got = <-e.received
			}
			e.revoke(token.ErrInvalid)
			e.gets401()
			e.ended(usage{Requests: 1, Units: 1, ClientErrors: 1, BytesIn: test.in, BytesOut: len(refused)}, "401", "invalid")
		})
	}
}

// gets401 reads the response, and then the end.
func (e *inFlight) gets401() {
	e.Helper()
	resp, body := response(e.T, e.in, "POST")
	for resp.StatusCode == http.StatusContinue {
		resp, body = response(e.T, e.in, "POST")
	}
	if resp.StatusCode != http.StatusUnauthorized || body != refused || !resp.Close || !closed(e.in) {
		e.Errorf("got %d %s, close %v, want 401 and the end", resp.StatusCode, body, resp.Close)
	}
}

// TestAShortBodyThatDoesNotCome: the upstream has not seen anything of the request yet.
func TestAShortBodyThatDoesNotComeIsRefusedWhenItsPermissionEnds(t *testing.T) {
	t.Parallel()
	e := begin(t, post+"Content-Length: 100\r\n\r\nhello", "", nil)
	e.lasting()
	close(e.broken) // nobody does
	e.revoke(token.ErrInvalid)
	e.gets401()
	e.ended(usage{Requests: 1, Units: 1, ClientErrors: 1, BytesOut: len(refused)}, "401", "invalid")
}

func TestWhatIsNotEnded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		change func(*route.Route)
		at     func() time.Time
	}{
		"a call that has begun a moment ago": {nil, time.Now},
		"until_closed":                       {func(r *route.Route) { r.UntilClosed = true }, later},
		"a public route":                     {func(r *route.Route) { r.Public, r.Metered = true, false }, later},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			e := begin(t, whole, "HTTP/1.1 200 OK\r\nContent-Length: 13\r\n\r\n"+event, test.change)
			resp := e.first()
			defer resp.Body.Close()
			e.check.why.Store(&token.ErrInvalid)
			e.server.Recheck(test.at())
			e.server.Recheck(test.at())
			e.send <- "rest"
			if rest, err := io.ReadAll(resp.Body); string(rest) != "rest" || err != nil {
				t.Errorf("got %q, %v", rest, err)
			}
		})
	}
}

// TestTheNextCallIsNotEndedForTheOneBefore: a connection may carry calls of several users.
func TestTheNextCallOnTheConnectionIsAnotherOne(t *testing.T) {
	t.Parallel()
	var check revoker
	next := make(chan struct{})
	s, addr := serverWith(t, edge.Config{Check: &check}, upstream.Config{}, locked("/a", replica(t, func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery == "wait" {
			<-next
		}
		_, _ = io.WriteString(w, "ok")
	})))
	c, r := dial(t, addr)
	send(t, c, whole)
	response(t, r, "GET")
	check.why.Store(&token.ErrInvalid)
	s.Recheck(later())
	for s.Lasting(later()) != 0 {
		<-time.After(time.Millisecond)
	}
	check.why.Store(nil)
	send(t, c, strings.Replace(whole, "/a", "/a?wait", 1))
	for s.Lasting(later()) == 0 {
		<-time.After(time.Millisecond)
	}
	s.Recheck(later())
	close(next)
	if resp, body := response(t, r, "GET"); resp.StatusCode != 200 || body != "ok" {
		t.Errorf("got %d %s", resp.StatusCode, body)
	}
}
