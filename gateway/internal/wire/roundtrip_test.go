package wire_test

import (
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

// fielded is a head that has been read.
type fielded interface {
	Fields() int
	Field(position int) wire.Field
	CopyField(position int, to *wire.HeadWriter)
	HeadBytes() int
}

// lines are a head's fields but those that the writer writes by itself.
func lines(h fielded, own ...wire.Kind) (all []string) {
	own = append(own, wire.ContentLength, wire.TransferEncoding, wire.Connection, wire.Upgrade)
	for i := range h.Fields() {
		if f := h.Field(i); !slices.Contains(own, f.Kind) {
			all = append(all, string(f.Name)+": "+string(f.Value))
		}
	}
	return all
}

// roomy reports whether some lines may be added to a head without making it too large for the parser.
func roomy(h fielded) bool {
	return h.Fields() < wire.MaxFields-8 && h.HeadBytes() < wire.MaxHeadBytes-4096
}

// addLine adds a field unless the writer refuses it. The writer may refuse only a line that would not be read back, or one
// that it writes itself.
func addLine(t *testing.T, to *wire.HeadWriter, name, value string) (added []string) {
	t.Helper()
	if !panics(func() { to.AddNamed(name, value) }) {
		return []string{name + ": " + value}
	}
	r, n, err := parse("GET / HTTP/1.1\r\nHost: a\r\n" + name + ": " + value + "\r\n\r\n")
	if err != nil || n == 0 || r.Fields() != 2 {
		return nil
	}
	if f := r.Field(1); string(f.Name) == name && string(f.Value) == value && lines(r, wire.Host) != nil {
		t.Errorf("the writer refuses %q: %q, which is read back", name, value)
	}
	return nil
}

// sendable is the path with which a request may be sent on.
func sendable(r *wire.Request) []byte {
	if r.Sign == nil {
		return r.Path
	}
	raw, _ := r.RawPath()
	return raw
}

func checkRequest(t *testing.T, text string, want *wire.Request, fields []string, framing wire.Framing) {
	t.Helper()
	got, n, err := parse(text)
	if err != nil || n != len(text) {
		t.Fatalf("%q: got %d, %v", text, n, err)
	}
	host := string(want.Host)
	if host == "" {
		host = "fallback:1"
	}
	if string(got.Method) != string(want.Method) || string(got.Path) != string(want.Path) || string(got.Query) != string(want.Query) || string(got.Host) != host {
		t.Errorf("%q: got %s %s %s %s, want %s %s %s %s", text, got.Method, got.Path, got.Query, got.Host, want.Method, want.Path, want.Query, host)
	}
	if got.Sign != want.Sign || string(sendable(got)) != string(sendable(want)) {
		t.Errorf("%q: got %v, path %s, want %v, path %s", text, got.Sign, sendable(got), want.Sign, sendable(want))
	}
	if lines := lines(got, wire.Host); !slices.Equal(lines, fields) {
		t.Errorf("%q: got fields %q, want %q", text, lines, fields)
	}
	length := framing
	if framing < wire.ByChunks {
		length = 0
	}
	if got.Framing() != length {
		t.Errorf("%q: got length %d, want framing %d", text, got.ContentLength, framing)
	}
	if ws := framing == wire.ToWebSocket && string(got.Method) == "GET"; !got.KeepAlive || got.WebSocket != ws {
		t.Errorf("%q: got keep-alive %v, WebSocket %v", text, got.KeepAlive, got.WebSocket)
	}
}

func FuzzWrittenRequest(f *testing.F) {
	f.Add("GET", "/a%7Eb/c?d=e", "h:80", "A:b\r\nC: \t d \t\r\nContent-Length: 3\r\n", "X-Account", "17", int64(0))
	f.Add("POST", "/", "[::1]", "Accept: a\tb\xff\r\nTransfer-Encoding: chunked\r\nUser-Agent:\r\n", "A", "\x80", int64(-1))
	f.Add("GET", "/ws", "h", "Connection: Upgrade\r\nUpgrade: websocket\r\n", "Content_Length", "1", int64(-4))
	f.Add("OPTIONS", "*", "h", "Via: 1.1 a, 1.0 b\r\nMax-Forwards: 1\r\n", "B", "c\r\nD: e", int64(-3))
	f.Fuzz(func(t *testing.T, method, target, host, more, name, value string, length int64) {
		r, n, err := parse(method + " " + target + " HTTP/1.1\r\nHost: " + host + "\r\n" + more + "\r\n")
		if err != nil || n == 0 || !roomy(r) || len(name)+len(value) > 1024 {
			return
		}
		framing := wire.Framing(length)
		if length < 0 {
			framing = []wire.Framing{wire.ByChunks, wire.Unframed, wire.ToWebSocket}[uint64(length)%3]
		} else if length > 1e17 {
			return // more digits than a length may have
		}
		w := wire.StartRequest(nil, r, wire.Destination{Path: sendable(r)})
		fields := addLine(t, &w, name, value)
		for i := range r.Fields() {
			r.CopyField(i, &w)
		}
		fields = append(fields, lines(r, wire.Host)...)
		if strings.EqualFold(name, "expect") && !strings.EqualFold(value, "100-continue") {
			return // it is read back, and refused for what it says
		}
		checkRequest(t, string(w.EndRequest(framing)), r, fields, framing)
	})
}

func FuzzRewrittenRequest(f *testing.F) {
	f.Add([]byte(head("Content-Length: 5\r\n") + "hello"))
	f.Add([]byte(forwardedRequest))
	f.Add([]byte("GET http://a/b?c HTTP/1.1\r\nHost: a\r\nConnection: close, x\r\nTransfer-Encoding: chunked\r\n\r\n"))
	f.Add([]byte("\r\nGET /%7e/x HTTP/1.0\r\nExpect: x\r\n\r\n"))
	f.Add([]byte("GET /a;b//%2f/\xc3\xa4[1]?\xe4 HTTP/1.1\r\nHost: a\r\n\r\n"))
	f.Add([]byte("GET /%25/%C3%A4 HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n"))
	f.Fuzz(func(t *testing.T, text []byte) {
		r, n, err := parse(string(text))
		if err != nil || n == 0 || !roomy(r) {
			return
		}
		framing := r.Framing()
		if r.WebSocket {
			framing = wire.ToWebSocket
		}
		w := wire.StartRequest(nil, r, wire.Destination{Path: sendable(r), DefaultHost: "fallback:1"})
		for i := range r.Fields() {
			if r.Minor == 1 || r.Kind(i) != wire.Expect { // it has no meaning in HTTP/1.0
				r.CopyField(i, &w)
			}
		}
		own := []wire.Kind{wire.Host}
		if r.Minor == 0 {
			own = append(own, wire.Expect)
		}
		checkRequest(t, string(w.EndRequest(framing)), r, lines(r, own...), framing)
		// What follows a segment is as clean as the whole path.
		for i, c := range r.Path {
			if c == '/' {
				w := wire.StartRequest(nil, r, wire.Destination{Path: r.Path[i:], DefaultHost: "fallback:1"})
				if got, _, err := parse(string(w.EndRequest(wire.Unframed))); err != nil || string(got.Path) != string(r.Path[i:]) {
					t.Errorf("got path %q, want %q, %v", got.Path, r.Path[i:], err)
				}
			}
		}
	})
}

func checkResponse(t *testing.T, text string, status int, reason string, fields []string, framing wire.Framing, keep bool) {
	t.Helper()
	got, n, err := parseResponse(text)
	if err != nil || n != len(text) {
		t.Fatalf("%q: got %d, %v", text, n, err)
	}
	if got.Status != status || string(got.Reason) != reason {
		t.Errorf("%q: got %d %q, want %d %q", text, got.Status, got.Reason, status, reason)
	}
	if lines := lines(got); !slices.Equal(lines, fields) {
		t.Errorf("%q: got fields %q, want %q", text, lines, fields)
	}
	if got.ContentLength != max(int64(framing), -1) || got.Chunked != (framing == wire.ByChunks) || got.WebSocket != (framing == wire.ToWebSocket) {
		t.Errorf("%q: got length %d, chunked %v, WebSocket %v, want framing %d", text, got.ContentLength, got.Chunked, got.WebSocket, framing)
	}
	if want := keep && framing != wire.UntilClose || framing == wire.ToWebSocket; got.KeepAlive != want {
		t.Errorf("%q: got keep-alive %v, want %v", text, got.KeepAlive, want)
	}
}

func FuzzWrittenResponse(f *testing.F) {
	f.Add(200, "OK", "Content-Type", "text/plain", "Retry-After", "1", int64(12), true, 1)
	f.Add(404, "", "A", "", "B", "c\td", int64(-1), true, 1)
	f.Add(200, " \xe4", "Date", "x\r\ny", "Connection", "close", int64(-2), false, 0)
	f.Add(101, "Switching Protocols", "", "", "Sec-WebSocket-Accept", "x", int64(-4), true, 1)
	f.Add(204, "No Content", "content_length", "1", "E", " f", int64(-3), true, 0)
	f.Fuzz(func(t *testing.T, status int, reason, name1, value1, name2, value2 string, length int64, keep bool, minor int) {
		if len(reason)+len(name1)+len(value1)+len(name2)+len(value2) > 4096 || length > 1e17 {
			return
		}
		framing, minor := wire.Framing(length), minor&1
		var w wire.HeadWriter
		if panics(func() { w = wire.StartOwnResponse(nil, status, reason) }) {
			return
		}
		fields := append(addLine(t, &w, name1, value1), addLine(t, &w, name2, value2)...)
		var text string
		if panics(func() { text = string(w.EndResponse(framing, keep, minor)) }) {
			return
		}
		checkResponse(t, text, status, reason, fields, framing, keep)
	})
}

func FuzzRewrittenResponse(f *testing.F) {
	f.Add([]byte(forwardedResponse), true, 1)
	f.Add([]byte("HTTP/1.1 200\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"), true, 0)
	f.Add([]byte("HTTP/1.0 304  why\r\nContent-Length: 3\r\nKeep-Alive: timeout=5\r\nA:b \r\n\r\nabc"), false, 0)
	f.Add([]byte("HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: WebSocket\r\n\r\n"), true, 1)
	f.Fuzz(func(t *testing.T, text []byte, keep bool, minor int) {
		r, n, err := parseResponse(string(text))
		if err != nil || n == 0 || !roomy(r) {
			return
		}
		minor &= 1
		framing := r.Framing()
		switch {
		case r.WebSocket:
			framing = wire.ToWebSocket
		case r.Status < 200 || r.Status == 204:
			framing = wire.Unframed
		case r.Chunked && minor == 0:
			framing = wire.UntilClose
		}
		w := wire.StartResponse(nil, r)
		for i := range r.Fields() {
			r.CopyField(i, &w)
		}
		checkResponse(t, string(w.EndResponse(framing, keep, minor)), r.Status, string(r.Reason), lines(r), framing, keep)
	})
}
