package routefile_test

import (
	"os"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/routefile"
)

func parse(text string) (*route.Table, error) {
	return routefile.Parse("routes.yaml", []byte(text), route.Builtin("auth:1", "math:2"))
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
    cost: 5
    cost_header: X-Cost
    max_body: 2GiB
    timeouts: {connect: 1s, first_byte: 1m30s, progress: 500ms}
    retries: 3
    strip_prefix: true
    via: false
    websocket: false
    informational: true
    streams: until_closed
    cors:
      origins: [https://app.example.org]
      headers: [X-Extra]
      expose: [X-Total]
      max_age: 1h
  - name: plain
    path: /plain
    upstream: http://plain:1
  - {name: free, path: /free, upstream: "http://free", auth: public, paths: raw, pass_headers: [X-HTTP-Method-Override, X.Custom, X-Plain]}
`)
	if err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]*route.Route{
		"files": {
			Name: "files", Path: "/files", Exact: true, Methods: []string{"GET", "POST"}, Upstreams: []string{"files:9000", "[::1]:80"},
			Health: "/livez", Metered: true, IdentityHeader: "X-Account", Rate: route.Rate{Requests: 100, Per: time.Minute, Burst: 20}, ExtraCost: 4, CostField: "X-Cost",
			MaxBody: 2 << 30, Timeouts: route.Timeouts{Connect: time.Second, FirstByte: 90 * time.Second, Progress: 500 * time.Millisecond},
			Retries: 3, Strip: true, NoVia: true, Informational: true, UntilClosed: true,
			CORS: &route.CORS{Origins: []string{"https://app.example.org"}, Headers: []string{"X-Extra"}, Expose: []string{"X-Total"}, MaxAge: time.Hour},
		},
		"plain": {
			Name: "plain", Path: "/plain", Upstreams: []string{"plain:1"}, Metered: true, IdentityHeader: "X-User-Id",
			MaxBody: route.Unbounded, Timeouts: route.DefaultTimeouts(), Retries: 1, WebSocket: true,
		},
		"free": {
			Name: "free", Path: "/free", Upstreams: []string{"free:80"}, Public: true,
			MaxBody: route.Unbounded, Timeouts: route.DefaultTimeouts(), Retries: 1, WebSocket: true, RawPaths: true,
			PassFields: []string{"X-HTTP-Method-Override", "X.Custom", "X-Plain"},
		},
	} {
		if diff := cmp.Diff(want, named(t, table, name)); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
	}
}

func TestARouteWithABuiltinsNameReplacesIt(t *testing.T) {
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

func TestAliasesAreResolved(t *testing.T) {
	t.Parallel()
	table, err := parse("routes:\n  - name: a\n    path: /a\n    upstream: &up [http://A, 'http://b:81/']\n    timeouts: &short {progress: 1s}\n" +
		"  - name: b\n    path: |-\n      /b\n    upstream: *up\n    timeouts: *short\n    max_body: 1000\n")
	if err != nil {
		t.Fatal(err)
	}
	b := named(t, table, "b")
	if diff := cmp.Diff([]string{"a:80", "b:81"}, b.Upstreams); diff != "" || b.Timeouts.Progress != time.Second || b.MaxBody != 1000 || b.Path != "/b" {
		t.Errorf("got %+v", *b)
	}
}

func TestTheExampleInTheDocsIsValid(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../../../docs/examples/notes/routes.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := parse(string(text)); err != nil {
		t.Error(err)
	}
}

func FuzzParse(f *testing.F) {
	f.Add("routes: &a\n  - *a\n  - &b {name: *b}\n")
	f.Add("routes:\n  - name: a\n    path: /a\n    upstream: http://a\n")
	f.Fuzz(func(_ *testing.T, text string) {
		_, _ = parse(text) // it must return
	})
}
