package system_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestConsoleSystem: an operator sees the gateway, which replica is not healthy and why, and what to do now, which changes without
// a reload.
func TestConsoleSystem(t *testing.T) {
	t.Parallel()
	browser := chromium(t)
	sick := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		http.Error(w, "<img src=x onerror=alert(1)>", http.StatusTeapot)
	}))
	t.Cleanup(sick.Close)
	well := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) {}))
	t.Cleanup(well.Close)
	file := filepath.Join(t.TempDir(), "routes.yaml")
	routes := fmt.Sprintf(`routes:
  - name: search
    path: /search
    upstream: [%s, %s]
    health: {path: /health, interval: 1s}
  - name: broken
    path: /broken
    upstream: %[1]s
    health: {path: /health, interval: 1s}
`, sick.URL, well.URL)
	if err := os.WriteFile(file, []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	r := startWithRoot(t, "ROUTES_FILE="+file)
	page := openBrowser(t, browser)
	visit(page, t, r.base+"/#/system")
	enter(page, t, "root", "correct horse", "#sign-in")
	sickAt := strings.TrimPrefix(sick.URL, "http://")
	for selector, want := range map[string]string{
		"#gateways tbody": "up", "#upstreams tbody": "search1 of 2 healthy" + sickAt + " is unhealthy: GET /health with Host " + sickAt + ": status 418",
		"#system": "Act now: the route broken has no healthy replica. Its callers get 503 or errors.",
	} {
		testbed.Eventually(t, selector, func() error { return shows(page, selector, want) })
	}
	testbed.Eventually(t, "that TLS ends elsewhere", func() error { return shows(page, "#system", "No gateway ends TLS itself.") })
	picture(page, t, "system")
	accessible(page, t)

	if err := os.WriteFile(file+".new", []byte("routes: none\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(file+".new", file); err != nil {
		t.Fatal(err)
	}
	testbed.Eventually(t, "that the routes file is wrong", func() error { return shows(page, "#gateways tbody", "in trouble") })
	if got := evaluate[string](page, t, `[...document.querySelectorAll("#system .alarm")].map((p) => p.textContent).join("\n")`); !strings.Contains(got, "routes file") {
		t.Errorf("the page says %q, which does not name the routes file", got)
	}
}
