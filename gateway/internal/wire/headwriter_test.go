package wire_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// panics reports whether f does.
func panics(f func()) (did bool) {
	defer func() { did = recover() != nil }()
	f()
	return false
}

func TestWhatWouldNotBeReadBackIsNotWritten(t *testing.T) {
	t.Parallel()
	r, _, err := parse("GET /a/b HTTP/1.1\r\nHost: h\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	old, _, err := parse("GET / HTTP/1.0\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	raw, _, err := parse("GET /a;b//c HTTP/1.1\r\nHost: h\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	request := func() *wire.HeadWriter { w := wire.StartRequest(nil, r, wire.Destination{Path: r.Path}); return &w }
	response := func(status int) *wire.HeadWriter { w := wire.StartOwnResponse(nil, status, ""); return &w }
	for name, write := range map[string]func(){
		"a line end in a value":              func() { request().Add("A", "b\r\nC: d") },
		"a line feed in a value":             func() { request().Add("A", "b\nc") },
		"a carriage return at the end":       func() { request().Add("A", "b\r") },
		"NUL in bytes":                       func() { request().AddBytes("A", []byte("b\x00c")) },
		"DEL in a long value":                func() { request().Add("A", strings.Repeat("b", 20)+"\x7f"+strings.Repeat("b", 20)) },
		"a control in a value of a function": func() { request().AddFunc("A", func(b []byte) []byte { return append(b, 1) }) },
		"a space before a value":             func() { request().Add("A", " b") },
		"a tab after a value":                func() { request().Add("A", "b\t") },
		"a space as a value":                 func() { request().Add("A", " ") },
		"a line end in a name":               func() { request().AddNamed("A: b\r\nC", "d") },
		"a colon in a name":                  func() { request().AddNamed("A:", "b") },
		"an empty name":                      func() { request().AddNamed("", "b") },
		"a length as a name":                 func() { request().AddNamed("content-length", "1") },
		"what CGI takes for a coding":        func() { request().AddNamed("Transfer_Encoding", "chunked") },
		"a second host":                      func() { request().AddNamed("HOST", "b") },
		"the connection as a name":           func() { response(200).AddNamed("Connection", "close") },
		"another path":                       func() { wire.StartRequest(nil, r, wire.Destination{Path: []byte("/c")}) },
		"a path within a segment":            func() { wire.StartRequest(nil, r, wire.Destination{Path: []byte("b")}) },
		"a raw path within a segment":        func() { wire.StartRequest(nil, raw, wire.Destination{Path: []byte("b//c")}) },
		"no path":                            func() { wire.StartRequest(nil, r, wire.Destination{Path: nil}) },
		"no host":                            func() { wire.StartRequest(nil, old, wire.Destination{Path: old.Path}) },
		"a host with a line end":             func() { wire.StartRequest(nil, old, wire.Destination{Path: old.Path, DefaultHost: "a\r\nb: c"}) },
		"a status of four digits":            func() { response(1000) },
		"a status of two digits":             func() { response(99) },
		"a reason with a line end":           func() { wire.StartOwnResponse(nil, 200, "OK\r\nA: b") },
		"a request until the close":          func() { request().EndRequest(wire.UntilClose) },
		"a response as a request":            func() { response(200).EndRequest(0) },
		"a request as a response":            func() { request().EndResponse(wire.Unframed, true, 1) },
		"chunks to HTTP/1.0":                 func() { response(200).EndResponse(wire.ByChunks, true, 0) },
		"chunks in a 204":                    func() { response(204).EndResponse(wire.ByChunks, true, 1) },
		"a length in a 204":                  func() { response(204).EndResponse(0, true, 1) },
		"a length in an interim response":    func() { response(103).EndResponse(5, true, 1) },
		"a change of protocol in a 200":      func() { response(200).EndResponse(wire.ToWebSocket, true, 1) },
		"a framing that does not exist":      func() { response(200).EndResponse(-9, true, 1) },
	} {
		if !panics(write) {
			t.Errorf("%s: it is written", name)
		}
	}
}

func TestTheEndOfAHeadSaysWhereTheBodyEnds(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		status  int
		framing wire.Framing
		keep    bool
		minor   int
		want    string
	}{
		"a length":                    {200, 12, true, 1, "Content-Length: 12\r\n"},
		"no byte":                     {200, 0, true, 1, "Content-Length: 0\r\n"},
		"chunks":                      {200, wire.ByChunks, true, 1, "Transfer-Encoding: chunked\r\n"},
		"the last on its connection":  {200, 3, false, 1, "Content-Length: 3\r\nConnection: close\r\n"},
		"kept alive for HTTP/1.0":     {200, 3, true, 0, "Content-Length: 3\r\nConnection: keep-alive\r\n"},
		"the last one for HTTP/1.0":   {200, 3, false, 0, "Content-Length: 3\r\nConnection: close\r\n"},
		"until the close":             {200, wire.UntilClose, true, 1, "Connection: close\r\n"},
		"until the close in HTTP/1.0": {200, wire.UntilClose, true, 0, "Connection: close\r\n"},
		"without a body":              {204, wire.Unframed, true, 1, ""},
		"an interim response":         {103, wire.Unframed, true, 1, ""},
		"another protocol":            {101, wire.ToWebSocket, false, 1, "Connection: Upgrade\r\nUpgrade: websocket\r\n"},
	} {
		w := wire.StartOwnResponse([]byte("before "), row.status, "Why")
		got, isText := strings.CutPrefix(string(w.EndResponse(row.framing, row.keep, row.minor)), "before HTTP/1.1 ")
		if got, _ = strings.CutSuffix(got[len("200 "):], "\r\n"); !isText || got != "Why\r\n"+row.want {
			t.Errorf("%s: got %q, want %q", name, got, row.want)
		}
	}
}

func TestFieldsAreCopiedInOneForm(t *testing.T) {
	t.Parallel()
	r, _, err := parse("POST /a HTTP/1.1\r\nHost: h\r\nA: b\r\nC:d\r\nE: \t f \t\r\nG:\r\nH: \r\nI: j \r\nContent-Length: 5\r\n" +
		"Connection: close, x\r\nUpgrade: h2c\r\nContent_Length: 6\r\n\r\n")
	if err != nil {
		t.Fatal(err)
	}
	w := wire.StartRequest(nil, r, wire.Destination{Path: r.Path})
	for i := range r.Fields() {
		r.CopyField(i, &w)
	}
	const want = "POST /a HTTP/1.1\r\nHost: h\r\nA: b\r\nC: d\r\nE: f\r\nG: \r\nH: \r\nI: j\r\nContent-Length: 5\r\n\r\n"
	if got := string(w.EndRequest(r.Framing())); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestLinesArePreparedOnceAndAddedToAHead(t *testing.T) {
	t.Parallel()
	var lines wire.FieldLines
	lines.Add("Gone", "x")
	lines.Reset()
	lines.Add("Vary", "Origin")
	lines.AddNamed("ETag", `"a b"`)
	w := wire.StartOwnResponse(nil, 200, "OK")
	w.AddLines(&lines)
	w.AddFunc("Age", func(b []byte) []byte { return append(b, '7') })
	const want = "HTTP/1.1 200 OK\r\nVary: Origin\r\nETag: \"a b\"\r\nAge: 7\r\nContent-Length: 0\r\n\r\n"
	if got := string(w.EndResponse(0, true, 1)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}

func TestTheContinueResponseIsRead(t *testing.T) {
	t.Parallel()
	if r, n, err := parseResponse(wire.Continue); err != nil || n != len(wire.Continue) || r.Status != 100 {
		t.Errorf("got %d, status %d, %v", n, r.Status, err)
	}
}

const (
	forwardedRequest = "GET /math/add?a=1&b=2 HTTP/1.1\r\nHost: gateway.example.org\r\nUser-Agent: Mozilla/5.0 (X11; Linux x86_64)\r\n" +
		"Accept: application/json\r\nAccept-Encoding: gzip, deflate, br\r\nAccept-Language: en-US,en;q=0.5\r\n" +
		"Authorization: Bearer eyJhbGciOiJIUzI1NiIsInR5cCI6IkpXVCJ9.e30.SflKxwRJSMeKKF2QT4fwpMeJf36POk6yJV_adQssw5c\r\n\r\n"
	forwardedResponse = "HTTP/1.1 200 OK\r\nContent-Type: application/json\r\nCache-Control: no-store\r\n" +
		"X-Content-Type-Options: nosniff\r\nDate: Fri, 27 Nov 2026 13:21:40 GMT\r\nContent-Length: 12\r\n\r\n"
)

// requestHead writes a head as forward does.
func requestHead(b []byte, r *wire.Request, id []byte) []byte {
	w := wire.StartRequest(b, r, wire.Destination{Path: r.Path})
	w.AddFunc("Via", func(b []byte) []byte { return append(b, "1.1 tallygate"...) })
	w.Add("X-Forwarded-For", "192.0.2.1")
	w.AddBytes("X-Request-Id", id)
	w.AddNamed("X-Account", "123456")
	for i := range r.Fields() {
		r.CopyField(i, &w)
	}
	return w.EndRequest(r.Framing())
}

func responseHead(b []byte, r *wire.Response, id []byte) []byte {
	w := wire.StartResponse(b, r)
	for i := range r.Fields() {
		r.CopyField(i, &w)
	}
	w.AddBytes("X-Request-Id", id)
	return w.EndResponse(r.Framing(), true, 1)
}

//nolint:paralleltest // allocations are counted for the whole process
func TestWritingAHeadAllocatesNothing(t *testing.T) {
	request, _, err := parse(forwardedRequest)
	if err != nil {
		t.Fatal(err)
	}
	response, _, err := parseResponse(forwardedResponse)
	if err != nil {
		t.Fatal(err)
	}
	id, out := []byte("0123456789abcdef0123456789abcdef"), make([]byte, 0, 4096)
	if n := testing.AllocsPerRun(100, func() { out = responseHead(requestHead(out[:0], request, id), response, id) }); n > 0 {
		t.Errorf("got %v allocations", n)
	}
}

func BenchmarkRequestHead(b *testing.B) {
	r, _, err := parse(forwardedRequest)
	if err != nil {
		b.Fatal(err)
	}
	id, out := []byte("0123456789abcdef0123456789abcdef"), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out = requestHead(out[:0], r, id)
	}
}

func BenchmarkResponseHead(b *testing.B) {
	r, _, err := parseResponse(forwardedResponse)
	if err != nil {
		b.Fatal(err)
	}
	id, out := []byte("0123456789abcdef0123456789abcdef"), make([]byte, 0, 4096)
	b.ReportAllocs()
	for b.Loop() {
		out = responseHead(out[:0], r, id)
	}
}
