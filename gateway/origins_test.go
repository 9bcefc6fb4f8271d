package main

import (
	"net/http"
	"path/filepath"
	"strings"
	"testing"
)

// TestPagesMayCallTheBuiltinRoutes: those of the routes file have their own list, or none.
func TestPagesMayCallTheBuiltinRoutes(t *testing.T) {
	t.Parallel()
	file, up := filepath.Join(t.TempDir(), "routes.yaml"), serverAt(t, echo)
	write(t, file, "routes:\n  - {name: a, path: /a, upstream: "+up+", auth: public}\n  - {name: b, path: /b, upstream: "+up+", auth: public, cors: {origins: ['https://b.example']}}\n")
	g := start(t, map[string]string{"CORS_ORIGINS": "https://*.app.example,http://localhost:*", "ROUTES_FILE": file, "AUTH_URL": up})
	for _, test := range []struct{ method, path, origin, allowed string }{
		{"GET", "/root", "https://pr-1.app.example", "https://pr-1.app.example"},
		{"POST", "/token", "http://localhost:3000", "http://localhost:3000"},
		{"GET", "/users/me/usage", "http://localhost:3000", "http://localhost:3000"},
		{"OPTIONS", "/root", "http://localhost:3000", "http://localhost:3000"},
		{"OPTIONS", "/users/me/password", "http://localhost:3000", "http://localhost:3000"},
		{"GET", "/openapi.json", "http://localhost:3000", "http://localhost:3000"},
		{"GET", "/root", "https://evil.example", ""},
		{"OPTIONS", "/root", "https://evil.example", ""},
		{"GET", "/a", "http://localhost:3000", ""},
		{"GET", "/b", "http://localhost:3000", ""},
		{"GET", "/b", "https://b.example", "https://b.example"},
		{"GET", "/root", "https://b.example", ""},
	} {
		req, err := http.NewRequestWithContext(t.Context(), test.method, "http://"+g.public+test.path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("Origin", test.origin)
		req.Header.Set("Access-Control-Request-Method", "PUT")
		req.Header.Set("Authorization", params().Token())
		resp, err := http.DefaultClient.Do(req)
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Header.Get("Access-Control-Allow-Origin"); got != test.allowed || resp.StatusCode >= 400 {
			t.Errorf("%s %s from %s: got %d for %q, want %q", test.method, test.path, test.origin, resp.StatusCode, got, test.allowed)
		}
		if got := resp.Header.Get("Access-Control-Allow-Headers"); test.method == "OPTIONS" && got != "Authorization, Content-Type, X-Request-Id, *" {
			t.Errorf("%s: fields %q", test.path, got)
		}
		if got := resp.Header.Get("Access-Control-Expose-Headers"); test.path == "/users/me/usage" && !strings.HasSuffix(got, ", ETag") {
			t.Errorf("%s: scripts may read %q, want also ETag", test.path, got)
		}
	}
}
