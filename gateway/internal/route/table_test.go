package route_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/gateway/internal/route"
)

func at(name, path string, exact bool, methods ...string) *route.Route {
	return &route.Route{Name: name, Path: path, Exact: exact, Methods: methods}
}

func TestTheLongestMatchWins(t *testing.T) {
	t.Parallel()
	table, err := route.NewTable([]*route.Route{
		at("files", "/files", false), at("deep", "/files/deep/down", false), at("one", "/files/one", true),
		at("get", "/m", true, "GET"), at("put", "/m", true, "PUT", "DELETE"), at("below", "/m", false, "POST"), at("post", "/two", true, "POST"),
	})
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"GET /files": "files", "GET /files/": "files", "GET /files/x/y": "files", "GET /filesx": "404", "GET /": "404",
		"GET /files/deep": "files", "GET /files/deep/down": "deep", "GET /files/deep/down/x": "deep", "GET /files/deep/downx": "files",
		"GET /files/one": "one", "GET /files/one/": "files", "GET /Files": "404",
		"GET /m": "get", "HEAD /m": "get", "PUT /m": "put", "POST /m": "405 DELETE, GET, HEAD, PUT", "POST /m/x": "below",
		"GET /m/x": "405 POST", "get /m": "405 DELETE, GET, HEAD, PUT",
		"PURGE /files": "files", "TRACE /files": "405 DELETE, GET, HEAD, OPTIONS, PATCH, POST, PUT", "TRACE /two": "405 POST",
		"TRACE /m": "405 DELETE, GET, HEAD, PUT", "GET " + strings.Repeat("/x", 10000): "404",
	} {
		method, path, _ := strings.Cut(call, " ")
		got := "404"
		if match, ok := table.Find([]byte(path)); ok {
			got = "405 " + strings.Join(match.Allow(), ", ")
			if r, index, ok := match.Route([]byte(method)); ok {
				got = r.Name
				if table.Routes()[index] != r {
					t.Errorf("%s: index %d is another route", call, index)
				}
			}
		}
		if got != want {
			t.Errorf("%.40s: got %s, want %s", call, got, want)
		}
	}
}

func TestTwoRoutesForOneCallAreRefused(t *testing.T) {
	t.Parallel()
	for _, pair := range [][2]*route.Route{
		{at("a", "/x", false), at("b", "/x", false, "GET")},
		{at("a", "/x", true, "GET", "PUT"), at("b", "/x", true, "PUT")},
		{at("a", "/x", true), at("a", "/y", true)},
	} {
		if _, err := route.NewTable(pair[:]); err == nil {
			t.Errorf("%+v and %+v are both accepted", *pair[0], *pair[1])
		}
	}
}

func TestBuiltinRoutesAreThoseOfTheContract(t *testing.T) {
	t.Parallel()
	table, err := route.NewTable(route.Builtin("auth:1", "math:2"))
	if err != nil {
		t.Fatal(err)
	}
	for call, want := range map[string]string{
		"POST /users/register": "auth:1 public", "POST /token": "auth:1 public", "POST /token/refresh": "auth:1 public",
		"POST /logout": "auth:1", "GET /users/me": "auth:1", "DELETE /users/me": "auth:1", "PUT /users/me/password": "auth:1",
		"GET /users/me/usage": "auth:1", "GET /users/me/limits": "auth:1", "GET /users/me/sessions": "auth:1", "DELETE /users/me/sessions/x": "auth:1",
		"POST /admin/invitations": "auth:1", "DELETE /admin/invitations/1": "auth:1",
		"GET /admin/users": "auth:1", "PATCH /admin/users/1": "auth:1", "GET /root": "math:2 metered", "HEAD /root": "math:2 metered",
	} {
		method, path, _ := strings.Cut(call, " ")
		match, _ := table.Find([]byte(path))
		r, _, ok := match.Route([]byte(method))
		if !ok {
			t.Errorf("%s: no route", call)
			continue
		}
		got := r.Upstreams[0]
		if r.Public {
			got += " public"
		}
		if r.Metered {
			got += " metered"
		}
		if got != want {
			t.Errorf("%s: got %s, want %s", call, got, want)
		}
	}
	for _, path := range []string{"/internal/users/1", "/metrics", "/livez", "/readyz", "/root/", "/users", "/root/x"} {
		if match, ok := table.Find([]byte(path)); ok {
			t.Errorf("%s leads to %s", path, match.Path)
		}
	}
}

// TestAdministratorsUsageHasTime: the timeouts have to be longer than those of auth-service (ledger.PageWithin,
// ledger.ExportWithin).
func TestAdministratorsUsageHasTime(t *testing.T) {
	t.Parallel()
	table, err := route.NewTable(route.Builtin("auth:1", "math:2"))
	if err != nil {
		t.Fatal(err)
	}
	match, _ := table.Find([]byte("/admin/usage"))
	r, _, ok := match.Route([]byte("GET"))
	if !ok || r.Timeouts.FirstByte <= 30*time.Second || r.Timeouts.Progress <= 10*time.Minute {
		t.Errorf("got %+v, want timeouts longer than those of auth-service", r)
	}
}

func BenchmarkFind(b *testing.B) {
	for _, n := range []int{10, 1000} {
		var routes []*route.Route
		for i := range n {
			routes = append(routes, at(fmt.Sprint("r", i), fmt.Sprintf("/api/v%d/things", i), false))
		}
		table, err := route.NewTable(slices.Concat(routes, route.Builtin("a:1", "m:1")))
		if err != nil {
			b.Fatal(err)
		}
		for _, path := range []string{"/root", "/api/v7/things/1/2"} {
			b.Run(fmt.Sprintf("%d routes, %s", n, path), func(b *testing.B) {
				for b.Loop() {
					match, _ := table.Find([]byte(path))
					match.Route([]byte("GET"))
				}
			})
		}
	}
}
