package main

import (
	"io"
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

func TestTheGatewayDoesNotStartWithOneSecretForTwoPurposes(t *testing.T) {
	t.Parallel()
	for _, vars := range []map[string]string{
		{"JWT_SECRET": testSecret, "INTERNAL_SECRET": testSecret},
		{"JWT_SECRET": testInternalSecret, "JWT_OTHER_SECRETS": testSecret, "INTERNAL_SECRET": testSecret},
	} {
		vars["STATE_DIR"], vars["ADDR"], vars["PRIVATE_ADDR"] = t.TempDir(), "127.0.0.1:0", "127.0.0.1:0"
		err := run(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, io.Discard)
		if err == nil || !strings.HasPrefix(err.Error(), "JWT_") || !strings.Contains(err.Error(), "INTERNAL_SECRET") || strings.Contains(err.Error(), testSecret) {
			t.Errorf("got %v, want an error that names both variables and shows no secret", err)
		}
	}
}

func TestAReloadThatMakesTwoSecretsEqualChangesNothing(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	files := map[string]string{"JWT_SECRET": testSecret, "JWT_OTHER_SECRETS": "", "INTERNAL_SECRET": testInternalSecret}
	vars := map[string]string{}
	for name, secret := range files {
		vars[name], vars[name+"_FILE"] = "", filepath.Join(dir, name)
		write(t, vars[name+"_FILE"], secret)
	}
	g := start(t, vars)
	for name, common := range map[string]string{"JWT_SECRET": testInternalSecret, "JWT_OTHER_SECRETS": testInternalSecret, "INTERNAL_SECRET": testSecret} {
		write(t, vars[name+"_FILE"], common)
		until(t, "the refusal of "+name, func() bool { return strings.Contains(g.log.String(), `"error":"`+name+": ") })
		if status, _ := g.get(t, "/root", params().Token()); status != 200 {
			t.Errorf("%s: a token under the secret in force: got %d", name, status)
		}
		write(t, vars[name+"_FILE"], files[name])
	}
	if strings.Contains(g.log.String(), testSecret) {
		t.Error("the log shows a secret")
	}
}
