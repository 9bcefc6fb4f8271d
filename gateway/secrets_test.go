package main

import (
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

func TestABadSecretDoesNotStopTheReloadOfOthers(t *testing.T) {
	t.Parallel()
	const next = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
	auth, url := newAuthService(t)
	dir := t.TempDir()
	jwt, internal := filepath.Join(dir, "jwt"), filepath.Join(dir, "internal")
	write(t, jwt, testSecret)
	write(t, internal, testInternalSecret)
	g := start(t, map[string]string{
		"JWT_SECRET": "", "JWT_SECRET_FILE": jwt, "INTERNAL_SECRET": "", "INTERNAL_SECRET_FILE": internal, "AUTH_PRIVATE_URL": url,
	})
	write(t, jwt, "short")
	until(t, "the refusal", func() bool { return strings.Contains(g.log.String(), "JWT_SECRET: is 5 bytes long") })
	if err := auth.ReplaceSecret(next); err != nil {
		t.Fatal(err)
	}
	write(t, internal, next)
	user := 100
	until(t, "a lookup with the new secret", func() bool {
		user++
		p := params()
		p.UserID = strconv.Itoa(user) // never seen, so that the gateway looks the user up
		before := auth.Lookups()
		_, _ = g.get(t, "/root", p.Token())
		return auth.Lookups() > before
	})
	if status, _ := g.get(t, "/root", params().Token()); status != 200 {
		t.Errorf("a token under the secret in force: got %d", status)
	}
}
