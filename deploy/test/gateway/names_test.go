package gateway_test

import (
	"strings"
	"testing"
)

// TestIdentityOfAnotherRoute: an upstream that trusts one route's identity field may also be behind other routes.
func TestIdentityOfAnotherRoute(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, and(route("acc", "/acc", []string{up.addr}, "identity_header: X-Account"), public("/pub", up.addr)))
	conn := dial(t, g.addr)
	for _, name := range []string{"X-Account", "x-account", "X_Account", "X.ACCOUNT", "X-User-Id"} {
		conn.send("GET /pub HTTP/1.1\r\nHost: a.test\r\n" + name + ": forged\r\nX-Accounts: kept\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != 200 {
			t.Fatalf("%s: got %d %s, want 200", name, r.StatusCode, r.body)
		}
		if m := up.last(t); strings.Contains(m.head, "forged") || len(m.values("X-Accounts")) != 1 {
			t.Errorf("%s has reached the upstream, or X-Accounts has not: %q", name, m.head)
		}
	}
}

// TestFamiliesOfFields: docs/routes.md names only the families of these fields.
func TestFamiliesOfFields(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	conn := dial(t, g.addr)
	for _, name := range []string{
		"X-Forwarded-Client-Cert", "X-Forwarded-Protocol", "X-Forwarded-Path", "X-Forwarded-Foo", "X_Forwarded_Foo", "X-Original-Forwarded-For",
		"X-Remote-Addr", "X-Auth-Request-Email", "Remote-Groups", "Remote-Email", "REMOTE_EMAIL", "X-Webauth-User", "Proxy", "pROXY",
	} {
		conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\n" + name + ": forged\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != 200 {
			t.Fatalf("%s: got %d %s, want 200", name, r.StatusCode, r.body)
		}
		if m := up.last(t); strings.Contains(m.head, "forged") {
			t.Errorf("%s has reached the upstream: %q", name, m.head)
		}
	}
}
