package httpapi_test

import (
	"fmt"
	"net/http"
	"sync"
	"testing"
)

// ifMatch is the field If-Match.
func ifMatch(lines ...string) http.Header { return http.Header{"If-Match": lines} }

// ifNoneMatch is the field If-None-Match.
func ifNoneMatch(lines ...string) http.Header { return http.Header{"If-None-Match": lines} }

// tagAt is the ETag of a GET.
func tagAt(t *testing.T, s *service, token, path string) string {
	t.Helper()
	got := s.do(call{path: path, token: token})
	tag := got.header.Get("ETag")
	if got.status != 200 || len(tag) < 10 || tag[0] != '"' {
		t.Fatalf("%s: got %d %s, the tag %q", path, got.status, got.body, tag)
	}
	return tag
}

const (
	wrongTag = `"never-was-one"`
	userPath = "/admin/users/2"
	planPath = "/admin/plans/pro"
)

func TestAChangeIsRefusedIfSomebodyChangedTheUserMeanwhile(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t).Token
		s.register(t, "ada", "123456")
		first := tagAt(t, s, root, userPath)
		patch := func(header http.Header, quota int, want int) string {
			t.Helper()
			got := s.do(call{method: "PATCH", path: userPath, token: root, header: header, body: fmt.Sprintf(`{"monthly_quota":%d}`, quota)})
			if got.status != want {
				t.Fatalf("%v, quota %d: got %d %s, want %d", header, quota, got.status, got.body, want)
			}
			if want == 412 {
				wantProblem(t, "PATCH", got, 412, "changed-meanwhile")
			}
			return got.header.Get("ETag")
		}
		s.signIn(t, "ada", "123456") // what a user does is no change of what administrators set
		if tag := tagAt(t, s, root, userPath); tag != first {
			t.Errorf("after a sign-in the tag is %s, was %s", tag, first)
		}
		second := patch(ifMatch(first), 10, 200)
		if second == first || second != tagAt(t, s, root, userPath) {
			t.Errorf("after the change the tag is %s, was %s, and GET has %s", second, first, tagAt(t, s, root, userPath))
		}
		patch(ifMatch(first), 20, 412)
		patch(ifMatch("W/"+second), 20, 412) // If-Match compares strongly
		patch(ifNoneMatch("*"), 20, 412)
		patch(ifNoneMatch("W/"+second), 20, 412)
		if got := s.do(call{path: userPath, token: root, header: ifNoneMatch(second)}); got.status != 200 || got.header.Get("Cache-Control") != "no-store" {
			t.Errorf("the tag says nothing about the usage: got %d %v", got.status, got.header)
		}
		third := patch(ifMatch(wrongTag, first+" ,, "+second), 30, 200)
		patch(ifMatch("*"), 40, 200)
		patch(ifNoneMatch(third), 50, 200)
		if back := patch(nil, 10, 200); back != second {
			t.Errorf("the same state has the tags %s and %s", second, back)
		}
		for _, step := range []struct {
			path   string
			header http.Header
			status int
		}{
			{"/admin/users/999", ifMatch("*"), 404},
			{"/admin/users/1", ifMatch(wrongTag), 409},
			{userPath, ifMatch(wrongTag), 412},
			{userPath, ifMatch(second), 204},
		} {
			if got := s.do(call{method: "DELETE", path: step.path, token: root, header: step.header}); got.status != step.status {
				t.Errorf("DELETE %s %v: got %d %s, want %d", step.path, step.header, got.status, got.body, step.status)
			}
		}
	})
}

func TestAChangeIsRefusedIfSomebodyChangedThePlanMeanwhile(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t).Token
		do := func(method string, header http.Header, body string, want int) string {
			t.Helper()
			got := s.do(call{method: method, path: planPath, token: root, header: header, body: body})
			if got.status != want {
				t.Fatalf("%s %v %s: got %d %s, want %d", method, header, body, got.status, got.body, want)
			}
			if want == 412 {
				wantProblem(t, method+" "+planPath, got, 412, "changed-meanwhile")
			}
			return got.header.Get("ETag")
		}
		do("PUT", ifMatch("*"), `{}`, 412)
		do("PUT", ifMatch(wrongTag), `{}`, 412)
		do("DELETE", ifMatch("*"), "", 404)
		first := do("PUT", ifNoneMatch("*"), `{}`, 201)
		do("PUT", ifNoneMatch("*"), `{"in_flight":1}`, 412)
		do("PUT", ifNoneMatch(first), `{"in_flight":1}`, 412)
		if tag := tagAt(t, s, root, planPath); tag != first {
			t.Errorf("GET has the tag %s, PUT had %s", tag, first)
		}
		s.clock.advance(1e9)
		second := do("PUT", ifMatch(first), `{"in_flight":2}`, 200)
		do("PUT", ifMatch(first), `{"in_flight":3}`, 412)
		do("PUT", ifMatch("*"), `{"in_flight":-1}`, 422)
		do("GET", ifNoneMatch(first), "", 200)
		got := s.do(call{path: planPath, token: root, header: ifNoneMatch(first, "W/"+second)})
		if got.status != 304 || got.body != "" || got.header.Get("ETag") != second || got.header.Get("Content-Type") != "" {
			t.Errorf("got %d %s %v, want 304 alone", got.status, got.body, got.header)
		}
		do("GET", ifMatch(second), "", 200)
		do("GET", http.Header{"If-Match": {first}, "If-None-Match": {second}}, "", 412) // If-Match comes first: RFC 9110 section 13.2.2
		do("DELETE", ifMatch(first), "", 412)
		s.do(call{method: "PATCH", path: "/admin/users/1", token: root, body: `{"plan":"pro"}`})
		do("DELETE", ifMatch(first), "", 409)
		s.do(call{method: "PATCH", path: "/admin/users/1", token: root, body: `{"plan":null}`})
		do("DELETE", ifMatch(second), "", 204)
	})
}

func TestPreconditionsAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t).Token
	s.register(t, "ada", "123456")
	s.do(call{method: "PUT", path: planPath, token: root, body: `{}`})
	for _, value := range []string{
		"", ",", "never", `"never`, `never"`, `w/"never"`, `W/never`, `W/ "never"`, `"never" "ever"`, `"never",ever`, `*,"never"`, `"never",*`, "*,*",
		`"ne ver"`, "\"ne\tver\"", "\"ne\x7fver\"", `""never""`, "'never'",
	} {
		for _, c := range []call{
			{method: "PATCH", path: userPath, body: `{"monthly_quota":1}`},
			{method: "DELETE", path: userPath},
			{method: "PUT", path: planPath, body: `{"in_flight":1}`},
			{method: "DELETE", path: planPath},
			{path: planPath},
		} {
			for _, header := range []http.Header{ifMatch(value), ifNoneMatch(value)} {
				c.token, c.header = root, header
				got := s.do(c)
				wantProblem(t, fmt.Sprintf("%s %s %q", c.method, c.path, header), got, 400, "malformed-request")
			}
		}
	}
	for _, value := range []string{`""`, `"a,b"`, `W/"a","b"`, ` , "a" ,, "b",`, "\"\xe9\"", `"\"`} {
		if got := s.do(call{method: "PATCH", path: userPath, token: root, header: ifMatch(value), body: `{}`}); got.status != 412 {
			t.Errorf("%q: got %d %s, want 412", value, got.status, got.body)
		}
	}
}

// TestOneOfManyWritersWithTheSameTagSucceeds: they call two replicas, 20 at once.
func TestOneOfManyWritersWithTheSameTagSucceeds(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		replicas := []*service{newService(t, options{url: url}), newService(t, options{url: url})}
		s := replicas[0]
		root := s.root(t).Token
		s.register(t, "ada", "123456")
		s.do(call{method: "PUT", path: planPath, token: root, body: `{}`})
		for _, step := range []struct {
			name string
			call call // %d is another number for each writer
			good int
		}{
			{"PATCH of a user", call{method: "PATCH", path: userPath, header: ifMatch(tagAt(t, s, root, userPath)), body: `{"monthly_quota":%d}`}, 200},
			{"PUT of a plan", call{method: "PUT", path: planPath, header: ifMatch(tagAt(t, s, root, planPath)), body: `{"in_flight":%d}`}, 200},
			{"PUT of a new plan", call{method: "PUT", path: "/admin/plans/new", header: ifNoneMatch("*"), body: `{"in_flight":%d}`}, 201},
		} {
			const writers = 20
			var all sync.WaitGroup
			got := make([]response, writers)
			for i := range got {
				c := step.call
				c.token, c.body = root, fmt.Sprintf(c.body, i+1)
				all.Go(func() {
					got[i] = replicas[i%2].do(c)
					for tries := 0; got[i].status == 503 && tries < 10; tries++ { // the wait for the row was too long, on a busy machine
						got[i] = replicas[i%2].do(c)
					}
				})
			}
			all.Wait()
			counts := map[int]int{}
			for _, one := range got {
				counts[one.status]++
			}
			if counts[step.good] != 1 || counts[412] != writers-1 {
				t.Errorf("%s: got %v, want one %d, and 412 for the others", step.name, counts, step.good)
			}
		}
	})
}
