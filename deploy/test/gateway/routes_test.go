package gateway_test

import (
	"fmt"
	"io"
	"net/http"
	"os/exec"
	"regexp"
	"strings"
	"syscall"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestRouting: the route with the longest path wins, and paths match whole segments. The method is checked before the token.
func TestRouting(t *testing.T) {
	t.Parallel()
	names := []string{"a", "ab", "exact", "methods"}
	ups := map[string]string{}
	for _, name := range names {
		ups[name] = serveHTTP(t, func(w http.ResponseWriter, r *http.Request) { _, _ = fmt.Fprint(w, name+" "+r.URL.Path) })
	}
	g := startGateway(t, and(and(route("a", "/a", []string{ups["a"]}, "auth: public"), route("ab", "/a/b", []string{ups["ab"]}, "auth: public", "strip_prefix: true")),
		and(route("exact", "/exact", []string{ups["exact"]}, "auth: public", "exact: true"), route("methods", "/methods", []string{ups["methods"]}, "methods: [GET, PUT]"))))
	for _, test := range []struct {
		request string
		status  int
		body    string
		allow   string
	}{
		{"GET /a", 200, "a /a", ""},
		{"GET /a/", 200, "a /a/", ""},
		{"GET /a/x", 200, "a /a/x", ""},
		{"GET /a/bc", 200, "a /a/bc", ""},
		{"GET /a/b", 200, "ab /", ""},
		{"GET /a/b/c", 200, "ab /c", ""},
		{"GET /a/%62/c", 200, "ab /c", ""},
		{"GET /ab", 404, "", ""},
		{"GET /A", 404, "", ""},
		{"GET /exact", 200, "exact /exact", ""},
		{"GET /exact/x", 404, "", ""},
		{"GET /", 200, "", ""},
		{"GET /nothing", 404, "", ""},
		{"GET /internal/changes", 404, "", ""},
		{"GET /metrics", 404, "", ""},
		{"GET /readyz", 404, "", ""},
		{"DELETE /methods", 405, "", "GET"},
		{"POST /methods/x", 405, "", "PUT"},
		{"GET /token", 405, "", "POST"},
		{"POST /root", 405, "", "GET"},
		{"DELETE /healthz", 405, "", "GET"},
		{"PUT /users/me", 405, "", "DELETE"},
	} {
		t.Run(test.request, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			conn.send(test.request + " HTTP/1.1\r\nHost: a.test\r\n\r\n")
			r := conn.must(t, "GET")
			if r.StatusCode != test.status || test.body != "" && r.body != test.body {
				t.Errorf("got %d %s, want %d %s", r.StatusCode, r.body, test.status, test.body)
			}
			if test.status >= 400 {
				if err := r.problem(); err != nil {
					t.Error(err)
				}
			}
			if allow := strings.Join(r.Header.Values("Allow"), ", "); !strings.Contains(allow, test.allow) {
				t.Errorf("Allow: got %q, want %s in it", allow, test.allow)
			}
		})
	}
}

// TestRoutesAreReloaded under load: no request fails. A bad file changes nothing.
func TestRoutesAreReloaded(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	constant := public("/constant", up.addr)
	other := func(i int) string {
		return and(constant, route("other", fmt.Sprintf("/other%d", i), []string{up.addr}, "auth: public"))
	}
	g := startGateway(t, constant)
	client := newClient(t)
	stop := load(t, g.url("/constant"), 4)
	for i := range 5 {
		g.write(t, other(i))
		g.signal(t, syscall.SIGHUP)
		testbed.Eventually(t, "the new route", func() error {
			_, err := fetch(client, g.url(fmt.Sprintf("/other%d", i)))
			return err
		})
		if _, err := fetch(client, g.url(fmt.Sprintf("/other%d", i-1))); err == nil && i > 0 {
			t.Error("a route that has been removed still responds")
		}
	}
	g.write(t, other(77)) // without a signal
	testbed.Eventually(t, "the changed file", func() error {
		_, err := fetch(client, g.url("/other77"))
		return err
	})
	g.write(t, "routes:\n  - name: broken\n    path: /x\n    upstreem: http://a.test\n")
	g.signal(t, syscall.SIGHUP)
	testbed.Eventually(t, "the mistake in the log", func() error {
		if out := g.Output(); !strings.Contains(out, "routes.yaml:4:") {
			return fmt.Errorf("it says %s", out[max(0, len(out)-500):])
		}
		return nil
	})
	if _, err := fetch(client, g.url("/other77")); err != nil {
		t.Errorf("after a bad file: %v, want the table that was in force", err)
	}
	resp, err := client.Get("http://" + g.private + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	if text, err := io.ReadAll(resp.Body); err != nil || !regexp.MustCompile(`(?m)^tallygate_gateway_routes_valid 0$`).Match(text) {
		t.Errorf("the metric does not show that the file is bad (%v)", err)
	}
	calls, failures := stop()
	t.Logf("figure: %d calls while the routes were reloaded 6 times, %d failed", calls, len(failures))
	if len(failures) > 0 {
		t.Errorf("%d of %d calls failed, the first: %v", len(failures), calls, failures[0])
	}
}

// TestCheckRoutes names file, line and column of a mistake.
func TestCheckRoutes(t *testing.T) {
	t.Parallel()
	for name, file := range map[string]string{
		"an unknown key":      "routes:\n  - name: a\n    path: /a\n    upstream: http://a.test\n    oops: 1\n",
		"a bad path":          "routes:\n  - name: a\n    path: /a/../b\n    upstream: http://a.test\n",
		"no upstream":         "routes:\n  - name: a\n    path: /a\n",
		"an upstream's query": "routes:\n  - name: a\n    path: /a\n    upstream: http://a.test?x\n",
		"a bad rate":          "routes:\n  - name: a\n    path: /a\n    upstream: http://a.test\n    rate: fast\n",
		"the same path":       "routes:\n  - name: a\n    path: /a\n    upstream: http://a.test\n  - name: b\n    path: /a\n    upstream: http://b.test\n",
		"the same name":       "routes:\n  - name: a\n    path: /a\n    upstream: http://a.test\n  - name: a\n    path: /b\n    upstream: http://b.test\n",
		"no YAML":             "routes: [\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := &gateway{routes: t.TempDir() + "/routes.yaml"}
			g.write(t, file)
			out, err := exec.CommandContext(t.Context(), program("gateway"), "-check-routes", g.routes).CombinedOutput()
			if err == nil || !regexp.MustCompile(`routes\.yaml:\d+:\d+`).Match(out) {
				t.Errorf("got %q (%v), want file:line:column and a failure", out, err)
			}
		})
	}
}
