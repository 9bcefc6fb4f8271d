package main

import (
	"net/http"
	"path/filepath"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"

	"tallygate/kit/internalapi"
)

func TestABadSecretHoldsNoOtherBack(t *testing.T) {
	t.Parallel()
	const next = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
	bearer, err := internalapi.NewBearer(next)
	if err != nil {
		t.Fatal(err)
	}
	var arrived atomic.Bool
	auth := serverAt(t, func(w http.ResponseWriter, r *http.Request) {
		if bearer.Check(r.Header.Get("Authorization")) {
			arrived.Store(true)
		}
		authService(w, r)
	})
	dir := t.TempDir()
	jwt, internal := filepath.Join(dir, "jwt"), filepath.Join(dir, "internal")
	write(t, jwt, testSecret)
	write(t, internal, testSecret+"-internal")
	g := start(t, map[string]string{
		"JWT_SECRET": "", "JWT_SECRET_FILE": jwt, "INTERNAL_SECRET": "", "INTERNAL_SECRET_FILE": internal, "AUTH_PRIVATE_URL": auth,
	})
	write(t, jwt, "short")
	until(t, "the refusal", func() bool { return strings.Contains(g.log.String(), "JWT_SECRET: is 5 bytes long") })
	write(t, internal, next)
	user := 100
	until(t, "a question with the new secret", func() bool {
		user++
		p := params()
		p.UserID = strconv.Itoa(user) // never seen, so that the gateway asks
		_, _ = g.get(t, "/root", p.Token())
		return arrived.Load()
	})
	if status, _ := g.get(t, "/root", params().Token()); status != 200 {
		t.Errorf("a token under the secret in force: got %d", status)
	}
}
