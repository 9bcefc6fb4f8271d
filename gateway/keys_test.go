package main

import (
	"encoding/json"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/token"
	"tallygate/kit/token/tokentest"
)

// keysPublished gets the published keys.
func (g *running) keysPublished(t *testing.T, fields ...string) (*http.Response, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "http://"+g.public+"/.well-known/jwks.json", nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i+1 < len(fields); i += 2 {
		req.Header.Set(fields[i], fields[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	var keys struct{ Keys []struct{ Kid string } }
	if err := json.NewDecoder(resp.Body).Decode(&keys); err != nil && resp.StatusCode == http.StatusOK {
		t.Fatal(err)
	}
	var kids []string
	for _, key := range keys.Keys {
		kids = append(kids, key.Kid)
	}
	return resp, strings.Join(kids, " ")
}

// The next key is published before it signs, and each key leaves when it is withdrawn, together with the tokens under it.
func TestThePublishedKeysAreThoseInForce(t *testing.T) {
	t.Parallel()
	old, next := tokentest.NewKey(token.EdDSA), tokentest.NewKey(token.ES256)
	file := filepath.Join(t.TempDir(), "keys")
	write(t, file, old.PublicPEM())
	g := start(t, map[string]string{"JWT_SECRET": "", "JWT_PUBLIC_KEYS_FILE": file})
	p := params()
	p.Key = old
	made := p.Token()
	p.Key = next
	renewed := p.Token()
	resp, kids := g.keysPublished(t)
	if kids != old.Public.ID() || resp.Header.Get("Content-Type") != "application/jwk-set+json" ||
		resp.Header.Get("Cache-Control") != "public, max-age=60" || resp.Header.Get("ETag") == "" {
		t.Fatalf("got %s, %v", kids, resp.Header)
	}
	if again, _ := g.keysPublished(t, "If-None-Match", resp.Header.Get("ETag")); again.StatusCode != http.StatusNotModified {
		t.Errorf("with the ETag: got %d", again.StatusCode)
	}
	g.decides(t, "at first", made, http.StatusOK)
	g.decides(t, "at first, the next key", renewed, http.StatusUnauthorized)

	write(t, file, string(token.JWKS([]token.PublicKey{next.Public, old.Public})))
	until(t, "both keys", func() bool {
		_, kids = g.keysPublished(t)
		return strings.Contains(kids, next.Public.ID())
	})
	g.decides(t, "with both, the old key", made, http.StatusOK)
	g.decides(t, "with both, the next key", renewed, http.StatusOK)

	write(t, file, next.PublicPEM())
	until(t, "one key", func() bool { _, kids = g.keysPublished(t); return kids == next.Public.ID() })
	g.decides(t, "after the withdrawal, the old key", made, http.StatusUnauthorized)
	g.decides(t, "after the withdrawal, the next key", renewed, http.StatusOK)
}

func (g *running) decides(t *testing.T, when, token string, want int) {
	t.Helper()
	if status, body := g.get(t, "/root", "Bearer "+token); status != want {
		t.Errorf("%s: got %d %s, want %d", when, status, body, want)
	}
}

func TestThePublishedKeysMoveWithTheBuiltinRoutes(t *testing.T) {
	t.Parallel()
	own := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, own, "routes:\n  - name: all\n    path: /\n    upstream: "+serverAt(t, echo)+"\n    auth: public\n")
	g := start(t, map[string]string{"BUILTIN_PREFIX": "/auth", "PAGES": "off", "ROUTES_FILE": own})
	if status, body := g.get(t, "/auth/.well-known/jwks.json"); status != 200 || body != `{"keys":[]}` {
		t.Errorf("got %d %s, want no keys with HS256", status, body)
	}
	if _, body := g.get(t, "/.well-known/jwks.json"); !strings.HasPrefix(body, "GET /.well-known/jwks.json") {
		t.Errorf("without the prefix: got %s, want the upstream's", body)
	}
	for path, want := range map[string]int{"/auth/.well-known/jwks.json?x=1": 200, "/auth/.well-known/jwks.json/": 200} {
		if status, _ := g.get(t, path); status != want {
			t.Errorf("%s: got %d, want %d", path, status, want)
		}
	}
}
