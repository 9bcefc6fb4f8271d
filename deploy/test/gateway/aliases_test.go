package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// trusted are names that upstreams believe, because the gateway takes them away from clients. X-Account is the identity
// field of a route of the test.
var trusted = []string{
	"X-Account", "X-User", "X-User-Id", "X-User-Name", "X-User-Role", "X-Tallygate-User-Id", "X-Tallygate-Rates", "X-Auth-Request-User",
	"X-Authenticated-User", "X-Remote-User", "X-Webauth-User", "Remote-User", "Remote-Groups", "X-Forwarded-For",
	"X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-User", "X-Real-IP", "X-Client-IP", "True-Client-IP",
	"CF-Connecting-IP", "X-Original-URL", "X-Rewrite-URL", "X-HTTP-Method", "X-HTTP-Method-Override", "X-Method-Override",
	"Proxy-Authorization", "X-Request-Id", "Content-Length", "Transfer-Encoding",
}

// tokenMarks are the bytes of a field's name (RFC 9110 section 5.6.2) that are no letters or digits.
const tokenMarks = "!#$%&'*+-.^_`|~"

// variable is the name of the variable that a CGI server makes of a field's name: every byte that is no letter or digit
// becomes "_".
func variable(name string) string {
	return "HTTP_" + strings.Map(func(r rune) rune {
		if r < '0' || r > '9' && r < 'A' || r > 'Z' && r < 'a' || r > 'z' {
			return '_'
		}
		return r
	}, strings.ToUpper(name))
}

// forged are the variables with a value that only a client can have sent.
func (m message) forged() (names []string) {
	for line := range strings.SplitSeq(m.head, "\r\n") {
		if name, value, ok := strings.Cut(line, ":"); ok && strings.Contains(value, "forged") {
			names = append(names, variable(name))
		}
	}
	return names
}

// spelledWith are fields with all trusted names, in which the mark stands for "-": once, everywhere, or among others.
func spelledWith(mark string) string {
	var fields strings.Builder
	for _, name := range trusted {
		once := strings.Replace(name, "-", mark, 1)
		for _, spelling := range []string{once, strings.ReplaceAll(name, "-", mark), strings.ToLower(strings.Replace(once, "-", "_", 1))} {
			if spelling != name && !strings.EqualFold(spelling, name) {
				fmt.Fprintf(&fields, "%s: forged\r\n", spelling)
			}
		}
	}
	return fields.String()
}

// TestNamesThatACGIServerMistakes: a CGI server as upstream takes X!User!Id for X-User-Id.
func TestNamesThatACGIServerMistakes(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startWithUsers(t, and(route("acc", "/acc", []string{up.addr}, "identity_header: X-Account"), public("/pub", up.addr)))
	id, token := g.user(t, "ada")
	for _, way := range []struct{ name, head, end string }{
		{"a public route", "GET /pub HTTP/1.1\r\nHost: a.test\r\n", "\r\n"},
		{"with a user", "GET /acc HTTP/1.1\r\nHost: a.test\r\nAuthorization: Bearer " + token + "\r\n", "\r\n"},
		{"a WebSocket", "GET /pub HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n", "\r\n"},
		{"named by Connection", "GET /pub HTTP/1.1\r\nHost: a.test\r\nConnection: X-User-Id, X!User!Id\r\n", "\r\n"},
		{"HTTP/1.0", "GET /pub HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\n", "\r\n"},
	} {
		conn := dial(t, g.addr)
		for mark := range strings.SplitSeq(tokenMarks, "") {
			conn.send(way.head + spelledWith(mark) + "X_Kept: forged\r\nX-Kept-Too: forged\r\n" + way.end)
			if r := conn.must(t, "GET"); r.StatusCode != 200 {
				t.Fatalf("%s, %s: got %d %s, want 200", way.name, mark, r.StatusCode, r.body)
			}
			m := up.last(t)
			if got, want := m.forged(), []string{"HTTP_X_KEPT", "HTTP_X_KEPT_TOO"}; !slices.Equal(got, want) {
				t.Errorf("%s, %s: a CGI server makes of the client's fields %q, want %q", way.name, mark, got, want)
			}
			if want := []string{fmt.Sprint(id)}; way.name == "with a user" && !slices.Equal(m.values("X-Account"), want) {
				t.Errorf("%s: the identity is %q, want %q", mark, m.values("X-Account"), want)
			}
		}
	}
	conn := dial(t, g.addr)
	conn.send("POST /pub HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\nTrailer: X!User!Id\r\n\r\n2\r\nhi\r\n0\r\n" +
		spelledWith("!") + "\r\n")
	if r := conn.must(t, "POST"); r.StatusCode != 200 {
		t.Errorf("in trailers: got %d %s, want 200", r.StatusCode, r.body)
	}
	if m := up.last(t); m.body != "hi" || len(m.forged()) > 0 {
		t.Errorf("in trailers: the upstream got %q %q", m.head, m.body)
	}
	up.canonical(t)
}

// TestNamesWithOddBytes: a name that no list knows may be read as another one too, so the field is dropped. The request and
// the upstream's response are not touched.
func TestNamesWithOddBytes(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, func(message) string {
		return "HTTP/1.1 200 OK\r\nX.Theirs: a\r\nX!Theirs: b\r\nContent-Length: 0\r\n\r\n"
	})
	g := startGateway(t, public("/c", up.addr))
	conn := dial(t, g.addr)
	for mark := range strings.SplitSeq(tokenMarks, "") {
		conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nApi" + mark + "Key: sent\r\n" + mark + ": sent\r\nLast: kept\r\n\r\n")
		r := conn.must(t, "GET")
		if r.StatusCode != 200 || r.Header.Get("X.Theirs") != "a" || r.Header.Get("X!Theirs") != "b" {
			t.Errorf("%s: got %d %v, want 200 with the upstream's fields", mark, r.StatusCode, r.Header)
		}
		m := up.last(t)
		if got, want := strings.Contains(m.head, "sent"), mark == "-" || mark == "_"; got != want || len(m.values("Last")) != 1 {
			t.Errorf("%s: the upstream got %q", mark, m.head)
		}
	}
}
