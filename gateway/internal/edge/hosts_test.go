package edge_test

import (
	"net/netip"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
)

func hosts(t *testing.T, text string) *edge.Hosts {
	t.Helper()
	h, err := edge.ParseHosts(text)
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func TestHostsInAnySpelling(t *testing.T) {
	t.Parallel()
	listed := hosts(t, " Example.com:8443, *.apps.example.com ,127.0.0.1,[2001:DB8:0::1],[::1]:80,,dotted.example.")
	for host, want := range map[string]bool{
		"example.com": true, "EXAMPLE.com": true, "example.com:1": true, "example.com:": true, "example.com.": true, "example.com.:80": true,
		"example.com..": false, "www.example.com": false, "example.comm": false, "xexample.com": false, "com": false, "": false, ".": false,
		"a.apps.example.com": true, "A.B.Apps.example.com.": true, "apps.example.com": false, ".apps.example.com": false, "xapps.example.com": false,
		"127.0.0.1": true, "127.0.0.1:8000": true, "127.0.0.2": false, "[2001:db8::1]": true, "[2001:DB8::1]:443": true, "[::1]": true,
		"example.com:80": true, "example.com:443": true, "EXAMPLE.COM.:443": true, "ex%61mple.com": false, "a;b.apps.example.com": true, "under_score.apps.example.com": true,
		"[::2]": false, "2001:db8::1": false, "dotted.example": true, "example.com:x": false, "example.com/": false, "u@example.com": false,
		strings.Repeat("a", 300): false, strings.Repeat("a.", 125) + "apps.example.com": false, strings.Repeat("a.", 110) + "apps.example.com": true,
	} {
		if got := listed.Has([]byte(host)); got != want {
			t.Errorf("%q: got %v, want %v", host, got, want)
		}
	}
	if every := hosts(t, ""); every != nil || !every.Has(nil) || !every.Has([]byte("any")) {
		t.Error("without a list every host is served")
	}
}

func TestListsThatNameNoHosts(t *testing.T) {
	t.Parallel()
	for _, text := range []string{",", " ", "https://a", "a/b", "*", "*.", "*a.b", "a.*.b", ".a", "a b", "u@a", "*.[::1]", "a:x", "b\u00fccher.example", "[::1", "[::1]x", "::1", "[1.2.3.4]x", "a;b", "a%20b", "*.a*"} {
		if _, err := edge.ParseHosts(text); err == nil {
			t.Errorf("%q: no mistake", text)
		}
	}
}

func TestRequestsForOtherHostsAreRefused(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	gw := gateWith(t, edge.Config{Hosts: hosts(t, "a.example,inner.example")}, open("/a", addr))
	trusting := gateWith(t, edge.Config{
		Hosts: hosts(t, "a.example,inner.example"), Trusted: []netip.Prefix{netip.MustParsePrefix("127.0.0.0/8")},
	}, open("/a", addr))
	routed := gateWith(t, edge.Config{Hosts: hosts(t, "a.example")}, open("/healthz", addr))
	for _, row := range []struct {
		gw, text string
		want     int
	}{
		{gw, "GET /a HTTP/1.1\r\nHost: A.Example:81\r\n\r\n", 200},
		{gw, "GET /a HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{gw, "GET /a HTTP/1.1\r\nHost: b.example\r\nX-Forwarded-Host: a.example\r\n\r\n", 421},
		{gw, "GET /a HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Host: b.example\r\n\r\n", 200},
		{gw, "GET http://a.example/a HTTP/1.1\r\nHost: a.example\r\n\r\n", 200},
		{gw, "GET http://b.example/a HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{gw, "GET http://a.example/a HTTP/1.1\r\nHost: b.example\r\n\r\n", 400},
		{gw, "GET http://a.example/a HTTP/1.0\r\n\r\n", 200},
		{gw, "GET http://b.example/a HTTP/1.0\r\n\r\n", 421},
		{gw, "GET /a HTTP/1.0\r\n\r\n", 421},
		{gw, "GET /docs HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{gw, "GET /healthz HTTP/1.1\r\nHost: b.example\r\n\r\n", 200},
		{gw, "GET /healthz HTTP/1.0\r\n\r\n", 200},
		{gw, "GET /healthz/ HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{trusting, "GET /healthz HTTP/1.1\r\nHost: a.example\r\nX-Forwarded-Host: b.example\r\n\r\n", 200},
		{routed, "GET /healthz HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{gw, "GET /nothing HTTP/1.1\r\nHost: b.example\r\n\r\n", 421},
		{gw, "OPTIONS * HTTP/1.1\r\nHost: b.example\r\n\r\n", 204}, // a probe, of which no upstream learns
		{gw, "OPTIONS * HTTP/1.0\r\n\r\n", 204},
		{gw, "OPTIONS / HTTP/1.0\r\n\r\n", 204}, // as HAProxy checks by default
		{gw, "OPTIONS /a HTTP/1.0\r\n\r\n", 421},
		{gw, "DELETE /a HTTP/1.1\r\nHost: b.example\r\nMax-Forwards: 0\r\n\r\n", 421},
		{trusting, "GET /a HTTP/1.1\r\nHost: inner.example\r\nX-Forwarded-Host: a.example\r\n\r\n", 200},
		{trusting, "GET /a HTTP/1.1\r\nHost: inner.example\r\nX-Forwarded-Host: b.example\r\n\r\n", 421},
		{trusting, "GET /a HTTP/1.1\r\nHost: b.example\r\nX-Forwarded-Host: a.example\r\n\r\n", 421},
	} {
		resp, body := call(t, row.gw, row.text)
		if resp.StatusCode != row.want || row.want == 421 && !strings.Contains(body, `"/problems/misdirected-request"`) {
			t.Errorf("%q: got %d %s, want %d", row.text, resp.StatusCode, body, row.want)
		}
	}
}
