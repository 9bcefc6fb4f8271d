package route_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"tallygate/gateway/internal/route"
)

// The services' OpenAPI descriptions say what they serve; their own tests compare those with their routes. A described
// path takes the described methods and no others, so that Allow is true and the gateway refuses another method before it
// reads the token.
func TestBuiltinRoutesAllowWhatTheServicesServe(t *testing.T) {
	t.Parallel()
	table, err := route.NewTable(route.Builtin("auth:1", "math:2"))
	if err != nil {
		t.Fatal(err)
	}
	routes := map[string]bool{}
	for _, service := range []string{"auth-service", "math-service"} {
		for path, methods := range described(t, "../../../"+service+"/openapi.yaml") {
			match, ok := table.Find([]byte(path))
			if !ok {
				t.Errorf("%s: no route", path)
				continue
			}
			if got := match.Allow(); !slices.Equal(got, methods) {
				t.Errorf("%s: got Allow: %v, want %v", path, got, methods)
			}
			routes[match.Path] = true
		}
	}
	if got := len(routes); got < 15 {
		t.Errorf("got %d described paths, want at least 15", got)
	}
	for _, r := range table.Routes() {
		if !routes[r.Path] {
			t.Errorf("route %s has a path that no service describes", r.Name)
		}
	}
}

// described returns the public paths of a description, with a segment for each parameter, and their methods in the order of
// Allow.
func described(t *testing.T, file string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var doc struct {
		Paths map[string]map[string]any `yaml:"paths"`
	}
	if err := yaml.Unmarshal(text, &doc); err != nil {
		t.Fatal(err)
	}
	paths := map[string][]string{}
	for path, operations := range doc.Paths {
		if path == "/livez" || path == "/readyz" { // the gateway has its own
			continue
		}
		var methods []string
		for _, m := range []string{"delete", "get", "patch", "post", "put"} {
			if _, ok := operations[m]; !ok {
				continue
			}
			if methods = append(methods, strings.ToUpper(m)); m == "get" {
				methods = append(methods, "HEAD")
			}
		}
		var segments []string
		for s := range strings.SplitSeq(path, "/") {
			if strings.HasPrefix(s, "{") {
				s = "17"
			}
			segments = append(segments, s)
		}
		paths[strings.Join(segments, "/")] = methods
	}
	return paths
}

func TestASegmentOfAnyTextIsOneSegment(t *testing.T) {
	t.Parallel()
	table, err := route.NewTable([]*route.Route{
		at("one", "/a/*", true, "DELETE"), at("below", "/a/*/b", true, "GET"), at("fixed", "/a/fixed", true, "GET"),
		at("rest", "/a", false, "GET"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		"/a/1": "one", "/a/b": "one", "/a/*": "one", "/a/1/b": "below", "/a/fixed": "fixed", "/a/fixed/b": "below",
		"/a/": "rest", "/a": "rest", "/a//b": "rest", "/a/1/": "rest", "/a/1/2": "rest", "/a/1/2/b": "rest", "/a/1/bc": "rest",
	} {
		match, ok := table.Find([]byte(path))
		got := "404"
		for _, method := range []string{"DELETE", "GET"} {
			if r, _, takes := match.Route([]byte(method)); ok && takes {
				got = r.Name
			}
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", path, got, want)
		}
	}
}
