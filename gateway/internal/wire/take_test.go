package wire_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestParametersAreTakenFromTheQuery(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]struct {
		rest  string
		taken []string
	}{
		"":                         {"", nil},
		"?":                        {"?", nil},
		"?a=1&b=%2f":               {"?a=1&b=%2f", nil},
		"?t=x-1":                   {"", []string{"t=x-1"}},
		"?t=x-":                    {"", []string{"t=x-"}},
		"?t=x-1&a":                 {"?a", []string{"t=x-1"}},
		"?a&t=x-1":                 {"?a", []string{"t=x-1"}},
		"?a&t=x-1&b=&":             {"?a&b=&", []string{"t=x-1"}},
		"?t=x-1&":                  {"", []string{"t=x-1"}},
		"?&t=x-1":                  {"", []string{"t=x-1"}},
		"?&&t=x-1&&":               {"?&&&", []string{"t=x-1"}},
		"?t=x-1&t=x-2":             {"", []string{"t=x-1", "t=x-2"}},
		"?t=x-1&a=1&t=x-2&t=4":     {"?a=1&t=4", []string{"t=x-1", "t=x-2"}},
		"?t=x-1=2?&a":              {"?a", []string{"t=x-1=2?"}},
		"?t=y&at=x-1&a=t=x-1":      {"?t=y&at=x-1&a=t=x-1", nil},
		"?T=x-1&t=X-1&%74=x-1":     {"?T=x-1&t=X-1&%74=x-1", nil},
		"?a;t=x-1&b":               {"?a;t=x-1&b", nil},
		"?long=0123456789&t=x-1&c": {"?long=0123456789&c", []string{"t=x-1"}},
	} {
		r, _, err := parse("GET /a" + query + " HTTP/1.1\r\nHost: h\r\nX-After: v\r\n\r\n")
		if err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		had := r.HasParameter("t=x-")
		taken := r.TakeParameters("t=x-")
		if string(r.Query) != want.rest || !slices.Equal(taken, want.taken) || had != (want.taken != nil) || r.HasParameter("t=x-") {
			t.Errorf("%s: got %q and %q, want %q and %q", query, r.Query, taken, want.rest, want.taken)
		}
		if string(r.Path) != "/a" || string(r.Host) != "h" || string(r.Value(1)) != "v" {
			t.Errorf("%s: the rest of the head is changed: %q %q %q", query, r.Path, r.Host, r.Value(1))
		}
	}
}

// FuzzTakeParameters compares with a slower way: what is not taken is there byte for byte and in its order.
func FuzzTakeParameters(f *testing.F) {
	for _, seed := range []string{"", "?", "?t=x-1", "?a&t=x-1&b", "?t=x-1&t=x-2&", "?&&t=x-", "?a=t=x-1", "?t=x-1?&=&?"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		if query != "" && query[0] != '?' {
			return
		}
		r, n, err := parse("GET /a" + query + " HTTP/1.1\r\nHost: h\r\n\r\n")
		if err != nil || n == 0 || string(r.Path) != "/a" || string(r.Host) != "h" {
			return // the text has more in it than a query
		}
		query = string(r.Query)
		var kept, want []string
		for part := range strings.SplitSeq(strings.TrimPrefix(query, "?"), "&") {
			if strings.HasPrefix(part, "t=x-") {
				want = append(want, part)
			} else {
				kept = append(kept, part)
			}
		}
		rest := query
		if len(want) > 0 {
			if rest = "?" + strings.Join(kept, "&"); rest == "?" {
				rest = ""
			}
		}
		if taken := r.TakeParameters("t=x-"); !slices.Equal(taken, want) || string(r.Query) != rest {
			t.Errorf("%q: got %q and %q, want %q and %q", query, taken, r.Query, want, rest)
		}
		if string(r.Path) != "/a" || string(r.Host) != "h" {
			t.Errorf("%q: got path %q and host %q", query, r.Path, r.Host)
		}
	})
}

func TestARequestHasItsPathInWhateverForm(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		requested, path string
		want            bool
	}{
		{"/a/b", "/a/b", true},
		{"/a/%62", "/a/b", true},
		{"/a/b", "/a/%62", true},
		{"/a/ä", "/a/%C3%A4", true},
		{"/a/%C3%A4", "/a/ä", true},
		{"/a/[1]|^", "/a/[1]|^", true},
		{"/a/b?c=/d", "/a/b", true},
		{"/", "/", true},
		{"/a/b", "/a", false},
		{"/a/b", "/a/b/", false},
		{"/a/b", "/a/B", false},
		{"/a/b", "", false},
		{"/a/b", "/a/../a/b", false},
		{"/a/b", "/a//b", false},
		{"/a/b", "/a%2fb", false},
		{"/a%2Fb", "/a%2Fb", true},
		{"/a%2Fb", "/a%2fb", false},
		{"/a%2Fb", "/a/b", false},
		{"/a%2Fb", "", false},
	} {
		r, _, err := parse("GET " + row.requested + " HTTP/1.1\r\nHost: h\r\n\r\n")
		if err != nil {
			t.Fatalf("%s: %v", row.requested, err)
		}
		if got := r.HasPath(row.path); got != row.want {
			t.Errorf("%s has the path %q: got %v", row.requested, row.path, got)
		}
	}
}

func TestProtocolsAreTakenFromTheirFields(t *testing.T) {
	t.Parallel()
	for fields, want := range map[string]struct {
		rest  string // as they are forwarded
		taken []string
	}{
		"X: 1":                                                                    {"X: 1", nil},
		"Sec-WebSocket-Protocol: chat,  sup":                                      {"Sec-WebSocket-Protocol: chat,  sup", nil},
		"Sec-WebSocket-Protocol: my-t":                                            {"", []string{"my-t"}},
		"sec-websocket-protocol: my-t, chat":                                      {"sec-websocket-protocol: chat", []string{"my-t"}},
		"Sec-WebSocket-Protocol: a ,my-t,\tb":                                     {"Sec-WebSocket-Protocol: a,b", []string{"my-t"}},
		"Sec-WebSocket-Protocol: a,b,c,my-t,d,e,f,g,h,i,j,k,l,m,n,o":              {"Sec-WebSocket-Protocol: a,b,c,d,e,f,g,h,i,j,k,l,m,n,o", []string{"my-t"}},
		"Sec-WebSocket-Protocol: , my-1,, my-2 ,":                                 {"", []string{"my-1", "my-2"}},
		"Sec-WebSocket-Protocol: my-1\r\nX: 1\r\nSec-WebSocket-Protocol: a, my-2": {"X: 1\r\nSec-WebSocket-Protocol: a", []string{"my-1", "my-2"}},
		"Sec-WebSocket-Protocol: amy-t, My-t":                                     {"Sec-WebSocket-Protocol: amy-t, My-t", nil},
		"Sec_WebSocket_Protocol: my-t\r\nX: 1":                                    {"Sec_WebSocket_Protocol: my-t\r\nX: 1", nil}, // an alias goes no further anyway
	} {
		r, _, err := parse("GET /a HTTP/1.1\r\nHost: h\r\n" + fields + "\r\nLast: 2\r\n\r\n")
		if err != nil {
			t.Fatalf("%q: %v", fields, err)
		}
		taken := r.TakeProtocols(func(name []byte) bool { return strings.HasPrefix(string(name), "my-") })
		var rest []string
		for i := 1; i < r.Fields()-1; i++ {
			if r.Kind(i) != wire.Hop {
				rest = append(rest, fmt.Sprintf("%s: %s", r.Name(i), r.Value(i)))
			}
		}
		if got := strings.Join(rest, "\r\n"); got != want.rest || !slices.Equal(taken, want.taken) || string(r.Value(r.Fields()-1)) != "2" {
			t.Errorf("%q: got %q and %q, want %q and %q", fields, got, taken, want.rest, want.taken)
		}
	}
}

// What was changed in the buffer can still be written and moved.
func TestWhatIsLeftIsSentOn(t *testing.T) {
	t.Parallel()
	memory := []byte("GET /a?x&t=x-1&y HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: chat,my-t\r\nLast: 2\r\n\r\n")
	var r wire.Request
	if _, err := r.Parse(memory); err != nil {
		t.Fatal(err)
	}
	r.TakeParameters("t=x-")
	r.TakeProtocols(func(name []byte) bool { return string(name) == "my-t" })
	to := slices.Clone(memory)
	r.Move(memory, to)
	clear(memory)
	w := wire.StartRequest(nil, &r, wire.Destination{Path: r.Path})
	for i := range r.Fields() {
		r.CopyField(i, &w)
	}
	const want = "GET /a?x&y HTTP/1.1\r\nHost: h\r\nSec-WebSocket-Protocol: chat\r\nLast: 2\r\n\r\n"
	if got := string(w.EndRequest(wire.Unframed)); got != want {
		t.Errorf("got %q, want %q", got, want)
	}
}
