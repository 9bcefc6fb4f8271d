package edge_test

import (
	"fmt"
	"math/rand/v2"
	"net/url"
	"slices"
	"strings"
	"testing"

	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// rawAt is a route that takes raw paths.
func rawAt(path string) *route.Route {
	r := open(path, "u:1")
	r.RawPaths = true
	return r
}

func strippedAt(path string) *route.Route {
	r := rawAt(path)
	r.Strip = true
	return r
}

func exactAt(path string) *route.Route {
	r := open(path, "u:1")
	r.Name += "-exact"
	r.Exact = true
	return r
}

func choose(t *testing.T, table *route.Table, path string) (name, forwarded string, err error) {
	t.Helper()
	r, forwarded, err := edge.Choose(table, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	if r == nil {
		return "", "", err
	}
	return r.Name, forwarded, err
}

func TestRawPathsAreForwardedAsTheyCame(t *testing.T) {
	t.Parallel()
	routes := table(t, rawAt("/pkg"), open("/pkg/admin", "u:1"), exactAt("/pkg/list"), open("/plain", "u:1"), strippedAt("/fetch"), rawAt("/mq/api/queues"), open("/", "u:1"))
	for path, want := range map[string]string{
		"/pkg/@scope%2fname":           "/pkg/@scope%2fname",
		"/pkg/@scope%2Fname/-/x-1.tgz": "/pkg/@scope%2Fname/-/x-1.tgz",
		"/pkg/a;v=1/b%3bc":             "/pkg/a;v=1/b%3bc",
		"/pkg/%41%7e[x]|{y}":           "/pkg/%41%7e[x]|{y}",
		"/pkg/ü%2f":                    "/pkg/%C3%BC%2f",
		"/pkg/a//b":                    "/pkg/a//b",
		"/pkg/list/x%2fy":              "/pkg/list/x%2fy",
		"/pkg/adm%2fin":                "/pkg/adm%2fin",
		"/pkg/x%2fadmin":               "/pkg/x%2fadmin",
		"/pkg/administrator;x":         "/pkg/administrator;x",
		"/%70kg/%41":                   "/pkg/A", // the route's own path is not as it came
		"/mq/api/queues/%2f/q":         "/mq/api/queues/%2f/q",
		"/mq/api/queues/%2F/q;x//":     "/mq/api/queues/%2F/q;x//",
		"/fetch/https://host/x%2fy":    "/https://host/x%2fy",
		"/fetch/%41":                   "/%41",
		"/fetch//host/x":               "//host/x",
		"/fetch/":                      "/",
		"/fetch":                       "/",
		"/fetch/http%3A%2F%2Fh%2F":     "/http%3A%2F%2Fh%2F",
		"/plain/%41":                   "/plain/A",
		"/%41":                         "/A",
	} {
		if _, got, err := choose(t, routes, path); err != nil || got != want {
			t.Errorf("%s: got %q, %v, want %q", path, got, err, want)
		}
	}
	for path, want := range map[string]string{
		"/plain/a%2fb": "(%2F)", "/plain;x": "(;)", "/x//y": "(//)", "//pkg/x": "(//)", "/pkg;x/y": "(;)", "/pkg%2fx": "(%2F)", "/%70kg/a%2fb": "(%2F)",
		"/pkg//admin": "(//)", "/pkg/%2fadmin": "(%2F)", "/pkg/;/admin": "(;)", "/pkg/admin%2fx": "(%2F)", "/pkg/admin;x": "(;)", "/pkg/%61dmin;x": "(;)",
		"/pkg/%61dmin/x%3b": "(%3B)", "/pkg/%2561dmin;x": "(;)", "/pkg/list;x": "(;)", "/pkg/list%2f": "(%2F)", "/pkg/..%2fadmin": "(. or ..)",
		"/pkg/a%2f..%2f..%2fadmin": "(. or ..)", "/pkg/%2e%2e/admin": "(. or ..)", "/pkg/..;/admin": "(. or ..)", "/pkg/.%3bx/admin": "(. or ..)",
		"/pkg/%2e%2e%2fadmin": "(. or ..)", "/pkg/..%252fadmin": "twice", "/pkg/%252e%252e%2fadmin": "twice", `/pkg/..\admin`: `(\)`, "/pkg/..%5cadmin": "(%5C)",
		"/pkg/a%2f%00": "control", "/pkg/%2f%ff": "UTF-8", "/fetch/..%2f..%2fpkg": "(. or ..)", "/fetch/a;/../b": "(. or ..)",
	} {
		if name, got, err := choose(t, routes, path); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %s by %s, %v, want a refusal that says %s", path, got, name, err, want)
		}
	}
}

// readings is everything that servers may make of a path: each of them takes some of these steps, in some order.
func readings(path string) []string {
	steps := []func(string) string{
		func(p string) string { // decode
			if decoded, err := url.PathUnescape(p); err == nil {
				return decoded
			}
			return p
		},
		func(p string) string { // merge slashes, one pair after the other
			return strings.Replace(p, "//", "/", 1)
		},
		func(p string) string { return strings.ReplaceAll(p, `\`, "/") },
		withoutParameters,
		withoutDots,
		func(p string) string { // read the beginning as the name of a host
			if rest, ok := strings.CutPrefix(p, "//"); ok {
				if i := strings.IndexByte(rest, '/'); i >= 0 {
					return rest[i:]
				}
			}
			return p
		},
	}
	all := []string{path}
	for i := 0; i < len(all); i++ {
		for _, step := range steps {
			if next := step(all[i]); !slices.Contains(all, next) {
				all = append(all, next)
			}
		}
	}
	return all
}

// withoutParameters is a path whose segments end at ";".
func withoutParameters(path string) string {
	segments := strings.Split(path, "/")
	for i := range segments {
		segments[i], _, _ = strings.Cut(segments[i], ";")
	}
	return strings.Join(segments, "/")
}

// withoutDots is a path without dot segments (RFC 3986 section 5.2.4).
func withoutDots(path string) string {
	var kept []string
	for _, segment := range strings.Split(path, "/")[1:] {
		switch {
		case segment == "..":
			kept = kept[:max(0, len(kept)-1)]
		case segment != ".":
			kept = append(kept, segment)
		}
	}
	return "/" + strings.Join(kept, "/")
}

// pieces are what the generated paths are made of.
var pieces = []string{
	"/", "/", "/", "//", "%2f", "%2F", "%252f", ";", "%3b", "%253B", ".", "..", "%2e", "%2E.", "%252e", `\`, "%5c", "%5C", "%255c", "pkg", "admin", "%61dmin", "ad", "min", "%2561dmin",
	"x", "a", "b", "=", "%20", "%3f", "%23", "%00", "[", "ü", "%c0%af", "@s", "list", "deep", "users", "token", "%25", "..;", "/../", "..%2f", ";/", "/;", "%2f%2f",
}

// TestNoOtherRouteIsReachedByARawPath: whatever a server makes of a path that a route takes, it is that route's.
func TestNoOtherRouteIsReachedByARawPath(t *testing.T) {
	t.Parallel()
	for name, routes := range map[string][]*route.Route{
		"below a path":           {rawAt("/pkg"), open("/pkg/admin", "u:1"), exactAt("/pkg/list"), exactAt("/pkg/deep/a"), open("/pkg/deep/b", "u:1"), open("/admin", "u:1"), open("/", "u:1")},
		"at the root":            append(route.Builtin("a:1", "m:1"), rawAt("/"), open("/a/pkg", "u:1"), exactAt("/list"), open("/pkg", "u:1")),
		"without its prefix":     {strippedAt("/pkg"), open("/pkg/admin", "u:1"), open("/pkg/a/b", "u:1"), open("/admin", "u:1"), rawAt("/x")},
		"one below another":      {rawAt("/pkg"), rawAt("/pkg/admin"), strippedAt("/pkg/deep/a"), rawAt("/a")},
		"at the root and others": {strippedAt("/"), rawAt("/admin"), strippedAt("/pkg"), exactAt("/pkg/list"), exactAt("/x")},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			table, random := table(t, routes...), rand.New(rand.NewPCG(1, 2))
			raw := 0
			for range 300_000 {
				path := []string{"/", "/pkg", "/pkg/", "/admin", "/a/", "/admin/users/"}[random.IntN(6)]
				for range 1 + random.IntN(6) {
					path += pieces[random.IntN(len(pieces))]
				}
				took, err := onlyItsOwn(table, path)
				if err != nil {
					t.Fatal(err)
				}
				if took {
					raw++
				}
			}
			if raw < 1000 {
				t.Errorf("only %d raw paths were taken", raw)
			}
			t.Logf("%d raw paths were taken", raw)
		})
	}
}

// onlyItsOwn checks one path, and reports whether a route took it that takes raw paths.
func onlyItsOwn(table *route.Table, path string) (took bool, err error) {
	r, forwarded, err := edge.Choose(table, "GET "+path+" HTTP/1.1\r\nHost: a\r\n\r\n")
	if err != nil || r == nil || !r.RawPaths {
		return false, nil //nolint:nilerr // it is refused
	}
	if _, err := wire.CleanPath([]byte(path)); err == nil && strings.Contains(path, "%25") {
		return false, nil // without anything raw, letters that are escaped twice reach every route's upstream
	}
	if !r.Strip && forwarded != r.Path && !strings.HasPrefix(forwarded, strings.TrimSuffix(r.Path, "/")+"/") {
		return true, fmt.Errorf("%s: %s is forwarded by %s", path, forwarded, r.Name)
	}
	for _, reading := range readings(forwarded) {
		whole := reading
		if r.Strip {
			whole = strings.TrimSuffix(r.Path, "/") + reading
		}
		match, ok := table.Find([]byte(whole))
		if !ok {
			return true, fmt.Errorf("%s: %s is forwarded by %s, and %s is nobody's", path, forwarded, r.Name, whole)
		}
		if other, _, ok := match.Route([]byte("GET")); !ok || other != r {
			return true, fmt.Errorf("%s: %s is forwarded by %s, and %s is of %s", path, forwarded, r.Name, whole, match.Path)
		}
	}
	return true, nil
}

func FuzzRawPath(f *testing.F) {
	table, err := route.NewTable([]*route.Route{rawAt("/pkg"), open("/pkg/admin", "u:1"), exactAt("/pkg/list"), open("/", "u:1"), strippedAt("/x"), open("/x/admin", "u:1")})
	if err != nil {
		f.Fatal(err)
	}
	for _, seed := range []string{"/pkg/a%2fb", "/pkg//admin", "/x/;/admin", "/pkg/..;/admin", "/x//h/admin", "/pkg/%61dmin%2f"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, path string) {
		if len(path) > 200 || !strings.HasPrefix(path, "/") || strings.ContainsAny(path, "? ") {
			return
		}
		if _, err := onlyItsOwn(table, path); err != nil {
			t.Error(err)
		}
	})
}
