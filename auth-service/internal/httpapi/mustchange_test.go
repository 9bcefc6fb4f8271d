package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"tallygate/auth-service/internal/password"
)

func signInWith(name, password, next string) call {
	return call{method: "POST", path: "/token", body: fmt.Sprintf(`{"username":%q,"password":%q,"new_password":%q}`, name, password, next)}
}

func TestAUserWhoMustChangeThePasswordIsAskedAtTheNextSignIn(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		id := s.register(t, "ada", "123456")
		old := s.signIn(t, "ada", "123456")
		edit := call{method: "PATCH", path: fmt.Sprint("/admin/users/", id), token: root.Token, body: `{"must_change_password":true}`}
		if got := fetch[managedUser](t, s, edit, 200); !got.MustChange {
			t.Errorf("got %+v", got)
		}
		if !s.works(old.Token) {
			t.Error("a session has ended")
		}
		old = read[signedIn](t, s.refresh(old))
		got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456")})
		if got.status != 403 || !strings.Contains(got.body, "/problems/password-change-required") {
			t.Errorf("got %d %s", got.status, got.body)
		}
		for what, step := range map[string]struct {
			call   call
			status int
		}{
			"a wrong password":                       {call{method: "POST", path: "/token", body: credentials("ada", "wrong")}, 401},
			"a wrong password with a new one":        {signInWith("ada", "wrong", "correct horse"), 401},
			"the same password again":                {signInWith("ada", "123456", "123456"), 422},
			"the same with a variation selector":     {signInWith("ada", "123456", "123456\ufe0f"), 422},
			"an empty one":                           {signInWith("ada", "123456", ""), 422},
			"a number":                               {call{method: "POST", path: "/token", body: `{"username":"ada","password":"123456","new_password":7}`}, 422},
			"null, which is none":                    {call{method: "POST", path: "/token", body: `{"username":"ada","password":"123456","new_password":null}`}, 403},
			"a new password of somebody else's name": {signInWith("eve", "123456", "correct horse"), 401},
		} {
			if got := s.do(step.call); got.status != step.status {
				t.Errorf("%s: got %d %s, want %d", what, got.status, got.body, step.status)
			}
		}
		same := call{method: "PUT", path: "/users/me/password", token: old.Token, body: `{"current_password":"123456","new_password":"123456"}`}
		if got := s.do(same); got.status != 422 || !strings.Contains(got.body, "/problems/invalid-new_password") {
			t.Errorf("the same password again, in a session: got %d %s", got.status, got.body)
		}
		fresh := fetch[signedIn](t, s, signInWith("ada", "123456", "correct horse"), 200)
		if !s.works(fresh.Token) || s.works(old.Token) {
			t.Error("the new token does not work, or the old one does")
		}
		s.signIn(t, "ada", "correct horse")
		if got := fetch[managedUser](t, s, call{path: edit.path, token: root.Token}, 200); got.MustChange {
			t.Errorf("got %+v", got)
		}
		edit.body = `{"must_change_password":null}`
		if got := s.do(edit); got.status != 422 {
			t.Errorf("null: got %d", got.status)
		}
		if got, want := auditLog(t, s, root)[0], "root@192.0.2.1 edit ada must_change_password=true"; got != want {
			t.Errorf("the audit log has %q, want %q", got, want)
		}
	})
}

func TestAnyPasswordChangeIsEnough(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	ada := s.user(t, "ada")
	fetch[managedUser](t, s, call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"must_change_password":true}`}, 200)
	change := call{method: "PUT", path: "/users/me/password", token: ada.Token, body: `{"current_password":"123456","new_password":"correct horse"}`}
	if got := s.do(change); got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	s.signIn(t, "ada", "correct horse")
	// Who need not change it may do so at a sign-in all the same.
	fetch[signedIn](t, s, signInWith("ada", "correct horse", "battery staple"), 200)
	s.signIn(t, "ada", "battery staple")
}

func TestAdministratorsMakeUsers(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, link: "https://example.com"})
		root := s.root(t)
		add := func(body string) call {
			return call{method: "POST", path: "/admin/users", token: root.Token, body: body}
		}
		type added struct {
			managedUser
			madeReset
		}
		ada := fetch[added](t, s, add(`{"username":"Ada","password":"temporary","role":"admin","monthly_quota":5,"roles":["ops"]}`), 201)
		if ada.Username != "ada" || ada.Role != "admin" || *ada.MonthlyQuota != 5 || !ada.MustChange || ada.Token != "" {
			t.Errorf("got %+v", ada)
		}
		if got := fetch[managedUser](t, s, call{path: fmt.Sprint("/admin/users/", ada.ID), token: root.Token}, 200); got.Username != "ada" || !got.MustChange {
			t.Errorf("got %+v", got)
		}
		if got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "temporary")}); got.status != 403 {
			t.Errorf("before the change: got %d", got.status)
		}
		fetch[signedIn](t, s, signInWith("ada", "temporary", "correct horse"), 200)

		made := s.do(add(`{"username":"eve"}`))
		eve := read[added](t, made)
		if made.status != 201 || made.header.Get("Cache-Control") != "no-store" || eve.MustChange || eve.Link == nil || *eve.Link != "https://example.com/#reset="+eve.Token {
			t.Errorf("got %d %s", made.status, made.body)
		}
		unknown := s.do(call{method: "POST", path: "/token", body: credentials("nobody", "123456")})
		if got := s.do(call{method: "POST", path: "/token", body: credentials("eve", "123456")}); got.status != 401 || got.body != unknown.body {
			t.Errorf("without a password: got %d %s", got.status, got.body)
		}
		if got := s.useReset(eve.Token, "first password"); got.status != 204 {
			t.Errorf("got %d %s", got.status, got.body)
		}
		s.signIn(t, "eve", "first password")

		want := []string{"root@192.0.2.1 create eve ", "root@192.0.2.1 create ada role=admin monthly_quota=5 roles=ops"}
		if got := auditLog(t, s, root); fmt.Sprint(got[:2]) != fmt.Sprint(want) {
			t.Errorf("the audit log has %q, want %q", got, want)
		}
		if got := s.do(call{path: "/admin/users/99", token: root.Token}); got.status != 404 {
			t.Errorf("nobody: got %d", got.status)
		}
	})
}

func TestAdministratorsInviteByName(t *testing.T) {
	t.Parallel()
	s := newService(t, options{link: "https://example.com"})
	root := s.root(t)
	s.register(t, "eve", "123456")
	add := func(body string) call {
		return call{method: "POST", path: "/admin/users", token: root.Token, body: body}
	}
	for body, want := range map[string]int{
		`{"username":"EVE"}`: 409, `{"username":"eve","password":"x"}`: 409, `{}`: 422, `{"username":null}`: 422,
		`{"username":""}`: 422, `{"username":"a b"}`: 422, `{"username":"bob","password":""}`: 422, `{"username":"bob","role":"king"}`: 422,
		`{"username":"bob","role":null}`: 422, `{"username":"bob","monthly_quota":-1}`: 422, `{"username":"bob","plan":"none-such"}`: 422,
		`{"username":"bob","disabled":true}`: 422, `[]`: 400, ``: 400,
	} {
		if got := s.do(add(body)); got.status != want {
			t.Errorf("%s: got %d %s, want %d", body, got.status, got.body, want)
		}
	}
	invited := add(`{"username":"Ida","invitation":true,"roles":["ops"]}`)
	made := s.do(invited)
	ida := read[struct{ Invitation, Username, Link string }](t, made)
	if made.status != 201 || made.header.Get("Cache-Control") != "no-store" || ida.Username != "ida" || ida.Link != "https://example.com/#invitation="+ida.Invitation {
		t.Errorf("got %d %s", made.status, made.body)
	}
	for body, want := range map[string]int{
		`{"username":"eve","invitation":true}`: 409, `{"username":"bob","invitation":true,"password":"x"}`: 422, `{"username":"bob","invitation":1}`: 422,
		`{"username":"bob","invitation":true,"role":"admin"}`: 422, `{"username":"bob","invitation":true,"plan":"none-such"}`: 422,
		`{"username":"bo b","invitation":true}`: 422, `{"username":"rob","invitation":false}`: 201,
	} {
		if got := s.do(add(body)); got.status != want {
			t.Errorf("%s: got %d %s, want %d", body, got.status, got.body, want)
		}
	}
}

func TestTheFirstPasswordMeetsThePolicy(t *testing.T) {
	t.Parallel()
	s := newService(t, options{policy: must(password.NewPolicy(6, false))(t)})
	root := s.root(t)
	got := s.do(call{method: "POST", path: "/admin/users", token: root.Token, body: credentials("ada", "short")})
	if got.status != 422 || !strings.Contains(got.body, "invalid-password") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	fetch[managedUser](t, s, call{method: "POST", path: "/admin/users", token: root.Token, body: credentials("ada", "temporary")}, 201)
	if got := s.do(signInWith("ada", "temporary", "short")); got.status != 422 || !strings.Contains(got.body, "invalid-new_password") {
		t.Errorf("got %d %s", got.status, got.body)
	}
}
