package gateway_test

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestAuthorizationOfUpstreams: the token stays at the gateway. A service that wants a password gets it from a file, which may
// change, and no log shows it.
func TestAuthorizationOfUpstreams(t *testing.T) {
	t.Parallel()
	const first, second = "Basic Zmlyc3Q6cGFzc3dvcmQ=", "Basic c2Vjb25kOnBhc3N3b3Jk"
	secret := filepath.Join(t.TempDir(), "password")
	store := func(value string) {
		if err := os.WriteFile(secret, []byte(value+"\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	store(first)
	up := newRecorder(t, nil)
	g := startWithUsers(t, and(and(route("closed", "/closed", []string{up.addr}), route("verifies", "/verifies", []string{up.addr}, "forward_token: true")),
		and(route("basic", "/basic", []string{up.addr}, "authorization: {file: '"+secret+"'}"), public("/public", up.addr))))
	_, token := g.user(t, "ada")
	conn := dial(t, g.addr)
	arrives := func(path string) []string {
		conn.send("GET " + path + " HTTP/1.1\r\nHost: a.test\r\nAuthorization: " + token + "\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != 200 {
			t.Fatalf("%s: got %d %s, want 200", path, r.StatusCode, r.body)
		}
		m := up.last(t)
		if path != "/verifies" && strings.Contains(m.head, token) {
			t.Errorf("%s: the token has reached the upstream: %q", path, m.head)
		}
		return m.values("Authorization")
	}
	for path, want := range map[string][]string{"/closed": nil, "/verifies": {token}, "/basic": {first}, "/public": nil} {
		if got := arrives(path); !slices.Equal(got, want) {
			t.Errorf("%s: got %q, want %q", path, got, want)
		}
	}
	store(second)
	testbed.Eventually(t, "the new password", func() error {
		if got := arrives("/basic"); !slices.Equal(got, []string{second}) {
			return fmt.Errorf("got %q", got)
		}
		return nil
	})
	store("")
	testbed.Eventually(t, "the refusal of an empty file", func() error {
		if !strings.Contains(g.Output(), secret+": it is empty") {
			return fmt.Errorf("the log says %s", g.Output())
		}
		return nil
	})
	if got := arrives("/basic"); !slices.Equal(got, []string{second}) {
		t.Errorf("after an empty file: got %q, want the old value", got)
	}
	if out := g.Output(); strings.Contains(out, "Basic ") || strings.Contains(out, token) {
		t.Errorf("the log shows a credential:\n%s", out)
	}
	up.canonical(t)
}
