package gateway_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// TestFieldsThatClientsMayNotSend: upstreams trust these fields, so the gateway removes them from requests.
func TestFieldsThatClientsMayNotSend(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	conn := dial(t, g.addr)
	names := []string{
		"X-User-Id", "x-user-id", "X-USER-ID", "X_User_Id", "X-User_Id", "X_USER_ID", "X.User.Id", "X-User.Id", "x_user-id",
		"X-Real-IP", "X_Real_IP", "X-Forwarded-For", "X_Forwarded_For", "X-Forwarded_For", "X.Forwarded.For", "X-Forwarded-Host", "X_Forwarded_Host",
		"X-Forwarded-Proto", "X_Forwarded_Proto", "X-Forwarded-Port", "X-Forwarded-Prefix", "X-Forwarded-Server", "X-Forwarded-User", "Forwarded",
		"HTTP2-Settings", "Upgrade", "Keep-Alive", "Proxy-Connection", "Proxy-Authorization", "Content_Length", "Transfer_Encoding",
	}
	for _, name := range names {
		conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n" + name + ": forged\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != 200 {
			t.Fatalf("%s: got %d %s, want 200", name, r.StatusCode, r.body)
		}
		if m := up.last(t); strings.Contains(m.head, "forged") {
			t.Errorf("%s has reached the upstream: %q", name, m.head)
		}
	}
	up.canonical(t)
}

func TestFieldsThatTheGatewayWrites(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	exchange := func(fields string) (message, reply) {
		conn := dial(t, g.addr)
		conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n")
		r := conn.must(t, "GET")
		return up.last(t), r
	}
	m, r := exchange("Via: 1.0 before\r\nX-Request-Id: abc.DEF-1_2\r\n")
	for name, want := range map[string]string{
		"X-Forwarded-For": "127.0.0.1", "X-Forwarded-Proto": "http", "X-Forwarded-Host": "a.test", "X-Request-Id": "abc.DEF-1_2", "Host": "a.test",
	} {
		if got := m.values(name); !slices.Equal(got, []string{want}) {
			t.Errorf("%s: got %q, want %q", name, got, want)
		}
	}
	via := strings.Join(m.values("Via"), ", ")
	if !regexp.MustCompile(`^1\.0 before, 1\.1 [A-Za-z]+$`).MatchString(via) {
		t.Errorf("Via: got %q, want the client's and the gateway's, without a host's name", via)
	}
	if got := r.Header.Get("X-Request-Id"); got != "abc.DEF-1_2" {
		t.Errorf("the response's X-Request-Id: got %q, want the client's", got)
	}
	for _, bad := range []string{"", "a b", "a\"b", strings.Repeat("a", 129), "a/b", "{}", "a\tb", "\xff"} {
		m, r := exchange("X-Request-Id: " + bad + "\r\n")
		made := m.values("X-Request-Id")
		if len(made) != 1 || made[0] == bad || !regexp.MustCompile(`^[A-Za-z0-9._-]{8,128}$`).MatchString(made[0]) {
			t.Errorf("X-Request-Id %q: got %q at the upstream, want one of the gateway's", bad, made)
		} else if got := r.Header.Values("X-Request-Id"); !slices.Equal(got, made) {
			t.Errorf("X-Request-Id: the client got %q, the upstream %q", got, made)
		}
	}
	first, _ := exchange("")
	second, _ := exchange("")
	if slices.Equal(first.values("X-Request-Id"), second.values("X-Request-Id")) {
		t.Error("two requests have the same id")
	}
}

// TestConnectionNamesFields: fields that Connection names do not reach the upstream. But a client cannot remove fields that
// the gateway adds.
func TestConnectionNamesFields(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	conn := dial(t, g.addr)
	conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nConnection: keep-alive, X-Mine ,x-OTHER\r\nConnection: X-Third\r\nX-Mine: a\r\nX-Other: b\r\nX-Third: c\r\nX-Stays: d\r\n\r\n")
	conn.must(t, "GET")
	m := up.last(t)
	for name, want := range map[string]int{"X-Mine": 0, "X-Other": 0, "X-Third": 0, "X-Stays": 1, "Connection": 0} {
		if got := m.values(name); len(got) != want {
			t.Errorf("%s: got %q, want %d of it", name, got, want)
		}
	}
	conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nConnection: Via, X-Forwarded-For, X-Forwarded-Proto, X-Request-Id, X-Forwarded-Host\r\n\r\n")
	conn.must(t, "GET")
	m = up.last(t)
	for _, name := range []string{"Via", "X-Forwarded-For", "X-Forwarded-Proto", "X-Request-Id", "X-Forwarded-Host", "Host"} {
		if got := m.values(name); len(got) != 1 {
			t.Errorf("%s, named by the client: got %q, want the gateway's", name, got)
		}
	}
}

// TestTrustedProxies: if a trusted proxy calls, the client's address is the one that the proxy has forwarded.
func TestTrustedProxies(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr), "TRUSTED_PROXIES=127.0.0.1/32,10.0.0.0/8")
	for forwarded, want := range map[string]string{
		"192.0.2.1": "192.0.2.1", "192.0.2.1, 10.1.2.3": "192.0.2.1", "192.0.2.9, 192.0.2.1": "192.0.2.1", "2001:db8::1": "2001:db8::1",
		"10.1.1.1, 10.2.2.2": "10.1.1.1",
	} {
		conn := dial(t, g.addr)
		conn.send(fmt.Sprintf("GET /c HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: %s\r\nX-Forwarded-Proto: https\r\n\r\n", forwarded))
		conn.must(t, "GET")
		m := up.last(t)
		got := strings.Join(m.values("X-Forwarded-For"), ", ")
		if first, _, _ := strings.Cut(got, ", "); first != want {
			t.Errorf("from %q: X-Forwarded-For: got %q, want %s first", forwarded, got, want)
		}
		if got := m.values("X-Forwarded-Proto"); !slices.Equal(got, []string{"https"}) {
			t.Errorf("X-Forwarded-Proto: got %q, want https", got)
		}
	}
}
