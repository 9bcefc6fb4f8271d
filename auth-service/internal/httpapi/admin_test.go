package httpapi_test

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
)

type managedUser struct {
	ID           int64 `json:"user_id"`
	Username     string
	Role         string
	Disabled     bool
	MonthlyQuota *int64 `json:"monthly_quota"`
	MustChange   bool   `json:"must_change_password"`
}

type userPage struct {
	Users []managedUser
	Next  *string `json:"next_cursor"`
}

type auditPage struct {
	Entries []struct {
		ActorID        *int64 `json:"actor_id"`
		Actor, Address string
		Action, Detail string
		TargetUsername string `json:"target_username"`
	}
	Next *string `json:"next_cursor"`
}

// root makes an administrator and signs them in.
func (s *service) root(t *testing.T) signedIn {
	t.Helper()
	by := account.Actor{Name: "command line"}
	if _, err := s.accounts.CreateAdmin(t.Context(), by, account.Credentials{Name: "root", Password: "123456"}); err != nil {
		t.Fatal(err)
	}
	return s.signIn(t, "root", "123456")
}

func TestAdministrationIsForAdministrators(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	for _, c := range []call{
		{path: "/admin/users"},
		{path: "/admin/audit"},
		{method: "PATCH", path: "/admin/users/1", body: `{"role":"admin"}`},
		{method: "DELETE", path: "/admin/users/1"},
	} {
		wantRefused(t, s.do(c))
		c.token = ada.Token
		if got := s.do(c); got.status != 403 {
			t.Errorf("%+v: got %d, want 403", c, got.status)
		}
	}
}

func TestTakenRoleEndsAccessTokensButNotTheSession(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.root(t)
	by := account.Actor{Name: "command line"}
	ada := s.user(t, "ada")
	if _, err := s.accounts.SetRole(t.Context(), by, "Ada", account.RoleAdmin); err != nil {
		t.Fatal(err)
	}
	if got := s.do(call{path: "/admin/users", token: ada.Token}); got.status != 200 {
		t.Errorf("after the grant: got %d", got.status)
	}
	if _, err := s.accounts.SetRole(t.Context(), by, "ada", account.RoleNone); err != nil {
		t.Fatal(err)
	}
	wantRefused(t, s.do(call{path: "/users/me", token: ada.Token}))
	next := read[signedIn](t, s.refresh(ada))
	if got := s.do(call{path: "/admin/users", token: next.Token}); got.status != 403 {
		t.Errorf("after the revocation: got %d", got.status)
	}
}

func TestUsersArePagedByName(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		for _, name := range []string{"ada", "alan", "al", "éva", "alb_", "al%", "Alan2"} {
			s.register(t, name, "123456")
		}
		for query, want := range map[string]string{
			"":    "[ada al al% alan alan2 alb_ root éva]",
			"al":  "[al al% alan alan2 alb_]",
			"AL":  "[al al% alan alan2 alb_]",
			"al%": "[al%]",
			"an":  "[alan alan2]",
			"N2":  "[alan2]",
			"1":   "[root]",
			"É":   "[éva]",
			"zz":  "[]",
		} {
			var names []string
			for cursor := ""; ; {
				path := fmt.Sprintf("/admin/users?limit=2&query=%s&cursor=%s", escape(query), cursor)
				page := fetch[userPage](t, s, call{path: path, token: root.Token}, 200)
				for _, u := range page.Users {
					names = append(names, u.Username)
				}
				if page.Next == nil {
					break
				}
				cursor = *page.Next
			}
			if got := fmt.Sprint(names); got != want {
				t.Errorf("%q: got %s, want %s", query, got, want)
			}
		}
		for _, bad := range []string{"limit=0", "limit=1001", "limit=x", "cursor=!", "cursor=AA", "query=%00", "query=%ff"} {
			if got := s.do(call{path: "/admin/users?" + bad, token: root.Token}); got.status != 422 {
				t.Errorf("%s: got %d %s", bad, got.status, got.body)
			}
		}
	})
}

func escape(s string) string {
	out := ""
	for i := range len(s) {
		out += fmt.Sprintf("%%%02x", s[i])
	}
	return out
}

func TestDisabledUserIsOutUntilTheNextSignIn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		old := s.signIn(t, "ada", "123456")
		edit := call{method: "PATCH", path: fmt.Sprint("/admin/users/", id), token: root.Token, body: `{"disabled":true}`}
		if got := fetch[managedUser](t, s, edit, 200); !got.Disabled {
			t.Errorf("got %+v", got)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: old.Token}))
		wantRefused(t, s.refresh(old))
		if got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456")}); got.status != 401 {
			t.Errorf("sign-in: got %d", got.status)
		}
		edit.body = `{"disabled":false}`
		fetch[managedUser](t, s, edit, 200)
		wantRefused(t, s.do(call{path: "/users/me", token: old.Token}))
		wantRefused(t, s.refresh(old))
		s.signIn(t, "ada", "123456")
	})
}

// auditLog reads the audit log in pages of three entries.
func auditLog(t *testing.T, s *service, root signedIn) (entries []string) {
	t.Helper()
	for cursor := ""; ; {
		page := fetch[auditPage](t, s, call{path: "/admin/audit?limit=3&cursor=" + cursor, token: root.Token}, 200)
		for _, e := range page.Entries {
			entries = append(entries, fmt.Sprintf("%s@%s %s %s %s", e.Actor, e.Address, e.Action, e.TargetUsername, e.Detail))
		}
		if page.Next == nil {
			return entries
		}
		cursor = *page.Next
	}
}

func TestEditsAreCheckedAndAudited(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		path := fmt.Sprint("/admin/users/", id)
		for _, step := range []struct {
			body   string
			status int
		}{
			{`{"monthly_quota":1000}`, 200},
			{`{"monthly_quota":null,"role":"admin"}`, 200},
			{`{}`, 200},               // changes nothing
			{`{"role":"admin"}`, 200}, // nor does this
			{`{"monthly_quota":-1}`, 422},
			{`{"monthly_quota":1.5}`, 422},
			{`{"monthly_quota":"9"}`, 422},
			{`{"role":"king"}`, 422},
			{`{"user_id":9}`, 422},
			{`{"disabled":"yes"}`, 422},
			{`{"disabled":null}`, 422},
			{`{"role":null}`, 422},
			{`{"role":1}`, 422},
			{`{"monthly_quota":9223372036854775808}`, 422},
		} {
			got := s.do(call{method: "PATCH", path: path, token: root.Token, body: step.body})
			if got.status != step.status {
				t.Errorf("%s: got %d %s", step.body, got.status, got.body)
			}
		}
		for _, own := range []call{
			{method: "PATCH", body: `{"disabled":true}`}, {method: "PATCH", body: `{"role":"user"}`}, {method: "DELETE"},
		} {
			own.path, own.token = "/admin/users/1", root.Token
			if got := s.do(own); got.status != 409 {
				t.Errorf("%s %s of oneself: got %d", own.method, own.body, got.status)
			}
		}
		if got := s.do(call{method: "DELETE", path: path, token: root.Token}); got.status != 204 {
			t.Errorf("delete: got %d %s", got.status, got.body)
		}
		if got := s.do(call{method: "DELETE", path: path, token: root.Token}); got.status != 404 {
			t.Errorf("delete again: got %d", got.status)
		}

		got := auditLog(t, s, root)
		want := []string{
			"root@192.0.2.1 delete  ",
			"root@192.0.2.1 edit  role=admin monthly_quota=none",
			"root@192.0.2.1 edit  monthly_quota=1000",
			"command line@ create root role=admin",
		}
		if a, b := must(json.Marshal(got))(t), must(json.Marshal(want))(t); string(a) != string(b) {
			t.Errorf("got  %s\nwant %s", a, b)
		}
	})
}

func TestRequestsOfAdministratorsAreReadStrictly(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	s.register(t, "ada", "123456")
	for path, want := range map[string]int{
		"/admin/users/+2": 422, "/admin/users/02": 422, "/admin/users/%202": 422, "/admin/users/2": 200,
	} {
		if got := s.do(call{method: "PATCH", path: path, token: root.Token, body: `{"disabled":false}`}); got.status != want {
			t.Errorf("%s: got %d, want %d", path, got.status, want)
		}
	}
	for _, path := range []string{"/admin/users", "/admin/audit", "/admin/usage"} {
		for query, want := range map[string]int{
			"limit=10&limit=x": 422, "cursor=&cursor=AA": 422, "limit=": 422, "query=%zz": 400, "query=a;b=c": 400, "limit=10": 200,
		} {
			if got := s.do(call{path: path + "?" + query, token: root.Token}); got.status != want {
				t.Errorf("%s?%s: got %d %s, want %d", path, query, got.status, got.body, want)
			}
		}
	}
	if got := s.do(call{path: "/admin/users?query=a&query=b", token: root.Token}); got.status != 422 {
		t.Errorf("two queries: got %d, want 422", got.status)
	}
	got := s.do(call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"monthly_quota":"9"}`})
	if got.status != 422 || !strings.Contains(got.body, "whole number") {
		t.Errorf("a quota in quotes: got %d %s", got.status, got.body)
	}
}
