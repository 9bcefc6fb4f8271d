package route_test

import (
	"os"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tallygate/gateway/internal/route"
)

func parse(text string) (*route.Table, error) {
	return route.ParseFile("routes.yaml", []byte(text), route.Builtin("auth:1", "math:2"))
}

func named(t *testing.T, table *route.Table, name string) *route.Route {
	t.Helper()
	for _, r := range table.Routes() {
		if r.Name == name {
			return r
		}
	}
	t.Fatalf("no route %s", name)
	return nil
}

func TestEveryKeyIsRead(t *testing.T) {
	t.Parallel()
	table, err := parse(`
routes:
  - name: files
    path: /files
    exact: true
    methods: [GET, POST]
    upstream: [http://files:9000, "http://[::1]"]
    health: /livez
    auth: required
    identity_header: X-Account
    rate: 100/m
    burst: 20
    max_body: 2GiB
    timeouts: {connect: 1s, first_byte: 1m30s, progress: 500ms}
    retries: 3
    strip_prefix: true
    websocket: false
    cors:
      origins: [https://app.example.org]
      headers: [X-Extra]
      expose: [X-Total]
      max_age: 1h
  - name: plain
    path: /plain
    upstream: http://plain:1
  - {name: free, path: /free, upstream: "http://free", auth: public}
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*route.Route{
		"files": {
			Name: "files", Path: "/files", Exact: true, Methods: []string{"GET", "POST"}, Upstreams: []string{"files:9000", "[::1]:80"},
			Health: "/livez", Tally: true, IdentityHeader: "X-Account", Rate: route.Rate{Requests: 100, Per: time.Minute, Burst: 20},
			MaxBody: 2 << 30, Limits: route.Limits{Connect: time.Second, FirstByte: 90 * time.Second, Progress: 500 * time.Millisecond},
			Retries: 3, Strip: true,
			CORS: &route.CORS{Origins: []string{"https://app.example.org"}, Headers: []string{"X-Extra"}, Expose: []string{"X-Total"}, MaxAge: time.Hour},
		},
		"plain": {
			Name: "plain", Path: "/plain", Upstreams: []string{"plain:1"}, Tally: true, IdentityHeader: "X-User-Id",
			MaxBody: route.NoLimit, Limits: route.DefaultLimits(), Retries: 1, WebSocket: true,
		},
		"free": {
			Name: "free", Path: "/free", Upstreams: []string{"free:80"}, Public: true,
			MaxBody: route.NoLimit, Limits: route.DefaultLimits(), Retries: 1, WebSocket: true,
		},
	} {
		if diff := cmp.Diff(want, named(t, table, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestAMistakeIsNamedWithItsPlace(t *testing.T) {
	t.Parallel()
	const good = "routes:\n  - name: a\n    path: /a\n    upstream: http://a\n"
	for text, want := range map[string]string{
		"routes: 7":                                                "routes.yaml:1:9: ",
		"roots: []":                                                `routes.yaml:1:1: unknown field "roots"`,
		"routes:\n\t- name: a":                                     "routes.yaml:2:1: ",
		"routes:\n  - name: [a]\n":                                 "routes.yaml:2:11: this value has the wrong type",
		good + "    colour: red":                                   `routes.yaml:5:5: unknown field "colour"`,
		good + "    name: b":                                       "routes.yaml:5:5: ",
		good + "    methods: [get]":                                `routes.yaml:5:15: methods: "get"`,
		good + "    methods: [CONNECT]":                            "routes.yaml:5:15: methods:",
		good + "    auth: maybe":                                   "routes.yaml:5:11: auth:",
		good + "    auth: public\n    rate: 1/s":                   "routes.yaml:6:11: rate:",
		good + "    auth: public\n    identity_header: X-U":        "routes.yaml:6:22: identity_header:",
		good + "    identity_header: X_U":                          "routes.yaml:5:22: identity_header:",
		good + "    rate: fast":                                    "routes.yaml:5:11: rate:",
		good + "    rate: 0/s":                                     "routes.yaml:5:11: rate:",
		good + "    burst: 5":                                      "routes.yaml:5:12: burst:",
		good + "    max_body: 2Gi":                                 "routes.yaml:5:15: max_body:",
		good + "    max_body: 999999999999TiB":                     "routes.yaml:5:15: max_body:",
		good + "    retries: 99":                                   "routes.yaml:5:14: retries:",
		good + "    timeouts: {progress: 1}":                       "routes.yaml:5:26: timeouts.progress:",
		good + "    timeouts: {total: 1s}":                         `unknown field "total"`,
		good + "    cors: {origins: [app.example.org]}":            "routes.yaml:5:22: cors.origins:",
		good + "    cors: {headers: [X]}":                          "cors: needs origins",
		good + "    health: livez":                                 "routes.yaml:5:13: health:",
		"routes:\n  - name: a\n    path: /a\n":                     "routes.yaml:2:11: upstream:",
		"routes:\n  - path: /a\n    upstream: http://a\n":          "routes.yaml:2:11: name:",
		"routes:\n  - name: a\n    upstream: http://a\n":           "routes.yaml:2:11: path:",
		strings.Replace(good, "/a\n", "/a/\n", 1):                  "routes.yaml:3:11: path:",
		strings.Replace(good, "/a\n", "/a/../b\n", 1):              "routes.yaml:3:11: path:",
		strings.Replace(good, "/a\n", "/a%20\n", 1):                "routes.yaml:3:11: path:",
		strings.Replace(good, "http://a", "https://a", 1):          "routes.yaml:4:15: upstream:",
		strings.Replace(good, "http://a", "http://a/x", 1):         "routes.yaml:4:15: upstream:",
		strings.Replace(good, "http://a", "[http://a, b]", 1):      "routes.yaml:4:26: upstream:",
		good + "  - name: b\n    path: /a\n    upstream: http://b": "routes.yaml:5:11: routes a and b both take",
		good + "  - name: a\n    path: /b\n    upstream: http://b": "routes.yaml:5:11: two routes have the name a",
		strings.Replace(good, "path: /a", "path: /token\n    exact: true\n    methods: [POST]", 1): "routes token and a both take POST /token",
	} {
		_, err := parse(text)
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s\ngot  %v\nwant %s", text, err, want)
		}
	}
}

func TestAllMistakesAreNamedAtOnce(t *testing.T) {
	t.Parallel()
	_, err := parse("routes:\n  - name: A\n    path: a\n    upstream: a\n    auth: a\n")
	if err == nil || strings.Count(err.Error(), "\n") != 3 {
		t.Errorf("got %v, want four lines", err)
	}
}

func TestARouteWithABuiltinsNameTakesItsPlace(t *testing.T) {
	t.Parallel()
	table, err := parse("routes:\n  - name: root\n    path: /root\n    upstream: http://mine:1\n")
	if err != nil {
		t.Fatal(err)
	}
	if got := named(t, table, "root").Upstreams[0]; got != "mine:1" {
		t.Errorf("got %s", got)
	}
	if len(table.Routes()) != len(route.Builtin("", "")) {
		t.Errorf("got %d routes", len(table.Routes()))
	}
}

func TestAnEmptyFileAddsNothing(t *testing.T) {
	t.Parallel()
	for _, text := range []string{"", "# nothing\n", "routes:\n", "routes: []\n"} {
		if _, err := parse(text); err != nil {
			t.Errorf("%q: %v", text, err)
		}
	}
}

func TestTheExampleInTheDocsIsGood(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/examples/notes/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(string(text)); err != nil {
		t.Error(err)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add("routes:\n  - name: a\n    path: /a\n    upstream: http://a\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text) // it must return
	})
}
