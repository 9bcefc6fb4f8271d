package main

import (
	"bytes"
	"flag"
	"fmt"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

// nothing is an environment without settings.
func nothing(string) (string, bool) { return "", false }

const overlapping = `routes:
  - {name: mine, path: /token, upstream: "http://one:1", methods: [GET, POST]}
  - {name: files, path: /files, upstream: ["http://one:1", "http://two"], auth: public}
  - {name: one, path: /files/one, exact: true, upstream: "unix:/run/x.sock"}
  - {name: usage, path: /u, upstream: "http://one:1"}
`

func TestCheckRoutesPrintsTheTableInForce(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, file, overlapping)
	builtin := len(route.Builtin("", ""))
	for _, row := range []struct {
		path string
		vars map[string]string
		want []string // columns may be wider
		not  []string
	}{
		{file, nil, []string{
			fmt.Sprintf("%s: %d routes, with the built-in ones", file, builtin+3), "METHODS PATH ROUTE TOKEN UPSTREAM",
			"POST /token token public http://127.0.0.1:8001", "GET,POST /token/... mine required http://one:1",
			"any /files/... files public http://one:1, http://two:80", "any /files/one one required unix:/run/x.sock", "any /u/... usage required http://one:1",
			"DELETE /users/me/sessions/* session required http://127.0.0.1:8001", "GET /root root required http://127.0.0.1:8002",
			"GET /docs page public the gateway", "GET /healthz page public the gateway",
			"warning: mine does not get /token (token), /token/introspect (introspect), /token/refresh (refresh), /token/ticket (ticket)", "\nfiles does not get /files/one (one)",
			"warning: the built-in route usage does not get /users/me/usage (replaced by the name)",
		}, nil},
		{"", map[string]string{"ROUTES_FILE": file, "BUILTIN_PREFIX": "/auth", "ROOT": "off", "PAGES": "off", "AUTH_URL": "http://auth:9"}, []string{
			fmt.Sprintf("%s: %d routes", file, builtin+3-1), "POST /auth/token token public http://auth:9", "GET,POST /token/... mine required",
			"the built-in route usage does not get /auth/users/me/usage",
		}, []string{"/root", "mine does not get", "/docs"}},
		{"", nil, []string{fmt.Sprintf("no file: %d routes", builtin), "GET /root root required"}, []string{"mine", "does not get"}},
	} {
		var out bytes.Buffer
		lookup := func(name string) (string, bool) { v, ok := row.vars[name]; return v, ok }
		if err := checkRoutes(row.path, lookup, &out); err != nil {
			t.Fatal(err)
		}
		got := regexp.MustCompile(` {2,}`).ReplaceAllString(out.String(), " ")
		for _, want := range row.want {
			if !strings.Contains(got, want) {
				t.Errorf("%v: got\n%s\nwithout %s", row.vars, got, want)
			}
		}
		for _, not := range row.not {
			if strings.Contains(got, not) {
				t.Errorf("%v: got\n%s\nwith %s", row.vars, got, not)
			}
		}
	}
	if err := checkRoutes(file, func(name string) (string, bool) { return "auth", name == "BUILTIN_PREFIX" }, new(bytes.Buffer)); err == nil {
		t.Error("a wrong setting: no error")
	}
}

func TestTheFileOfCheckRoutesMayBeLeftOut(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, file, overlapping)
	for line, want := range map[string]int{
		"": -1, "-check-routes": 0, "-check-routes " + file: 0, "-check-routes=" + file: 0, "-check-routes /none": 1, "-check-routes=/none": 1,
		"-check-routes " + file + " more": 2, "-check-routes=" + file + " more": 2,
	} {
		flags := flag.NewFlagSet("gateway", flag.ContinueOnError)
		own := ownFlags(flags)
		if err := flags.Parse(strings.Fields(line)); err != nil {
			t.Fatal(err)
		}
		got, handled := own(t.Context(), flags.Args())
		if !handled {
			got = -1
		}
		if got != want {
			t.Errorf("%q: got %d, want %d", line, got, want)
		}
	}
}

func TestHiddenRoutesAreLoggedAtStartAndReload(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	route := func(path string) string {
		return "routes:\n  - {name: mine, path: " + path + ", upstream: " + serverAt(t, echo) + ", auth: public}\n"
	}
	write(t, file, route("/root"))
	g := start(t, map[string]string{"ROUTES_FILE": file})
	if log := g.log.String(); !strings.Contains(log, `"loser":"mine","hidden":"/root (root)"`) {
		t.Errorf("at the start the log has %s", log)
	}
	write(t, file, route("/users"))
	until(t, "the log of the reload", func() bool {
		return strings.Contains(g.log.String(), `"loser":"mine","hidden":"/users/me (account), /users/me/keys (keys), `)
	})
	write(t, file, route("/"))
	until(t, "the route for everything", func() bool { status, _ := g.get(t, "/none"); return status == 200 })
	if n := strings.Count(g.log.String(), `"loser"`); n != 2 {
		t.Errorf("got %d lines, want 2: a route for everything hides nothing that its path promises\n%s", n, g.log.String())
	}
}

func TestCheckRoutesSaysThatTheTallyIsFree(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "routes.yaml")
	write(t, file, "routes:\n  - {name: usage, path: /users/me/usage, upstream: \"http://one:1\", rate: 1/h}\n")
	var out bytes.Buffer
	if err := checkRoutes(file, nothing, &out); err != nil || !strings.Contains(out.String(), "\nGET /users/me/usage is neither counted nor limited on the route usage:") {
		t.Errorf("got %v, %s", err, out.String())
	}
}
