package httpapi_test

import (
	"fmt"
	"testing"
)

func TestEndOfAllOtherSessionsLeavesTheCurrentOne(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		bob := s.user(t, "bob")
		here := s.user(t, "ada")
		others := []signedIn{s.signIn(t, "ada", "123456"), s.signIn(t, "ada", "123456")}
		path := "/users/me/sessions"
		before := fetch[record](t, s, call{path: "/internal/users/2", token: s.internal}, 200)
		for range 2 { // the second time nothing is left to end
			if got := s.do(call{method: "DELETE", path: path, token: here.Token}); got.status != 204 || got.body != "" {
				t.Fatalf("got %d %q", got.status, got.body)
			}
		}
		for _, other := range others {
			wantRefused(t, s.do(call{path: "/users/me", token: other.Token}))
			wantRefused(t, s.refresh(other))
		}
		if !s.works(here.Token) || s.refresh(here).status != 200 || !s.works(bob.Token) {
			t.Error("the current session, or somebody else's, has ended")
		}
		if list := fetch[sessionList](t, s, call{path: path, token: here.Token}, 200); len(list.Sessions) != 1 || !list.Sessions[0].Current {
			t.Errorf("got %+v, want the current session alone", list)
		}
		got := fetch[record](t, s, call{path: "/internal/users/2", token: s.internal}, 200)
		if len(got.Ended) != 2 || got.Generation != before.Generation || got.Version <= before.Version {
			t.Errorf("gateways get %+v after %+v, want two ended sessions and a newer version", got, before)
		}
		wantRefused(t, s.do(call{method: "DELETE", path: path}))
	})
}

func TestAdministratorEndsAllSessionsOfAUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		first, second := s.signIn(t, "ada", "123456"), s.signIn(t, "ada", "123456")
		path := fmt.Sprintf("/admin/users/%d/sessions", id)
		list := fetch[sessionList](t, s, call{path: path, token: root.Token}, 200)
		if len(list.Sessions) != 2 || list.Sessions[0].Current || list.Sessions[1].Current {
			t.Errorf("got %+v, want two sessions that are not the caller's", list)
		}
		for _, method := range []string{"GET", "DELETE"} {
			for token, want := range map[string]int{"": 401, first.Token: 403} {
				if got := s.do(call{method: method, path: path, token: token}); got.status != want {
					t.Errorf("%s: got %d, want %d", method, got.status, want)
				}
			}
			if got := s.do(call{method: method, path: "/admin/users/999/sessions", token: root.Token}); got.status != 404 {
				t.Errorf("%s of nobody's: got %d, want 404", method, got.status)
			}
		}
		if got := s.do(call{method: "DELETE", path: path, token: root.Token}); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		for _, ended := range []signedIn{first, second} {
			wantRefused(t, s.do(call{path: "/users/me", token: ended.Token}))
			wantRefused(t, s.refresh(ended))
		}
		if list = fetch[sessionList](t, s, call{path: path, token: root.Token}, 200); len(list.Sessions) != 0 {
			t.Errorf("got %+v, want none", list)
		}
		if again := s.signIn(t, "ada", "123456"); !s.works(again.Token) || !s.works(root.Token) {
			t.Error("a new session does not work, or the administrator's has ended")
		}
		audit := fetch[auditPage](t, s, call{path: "/admin/audit", token: root.Token}, 200)
		if e := audit.Entries[0]; e.Action != "end sessions" || e.TargetUsername != "ada" || e.Actor != "root" {
			t.Errorf("got %+v", e)
		}
	})
}
