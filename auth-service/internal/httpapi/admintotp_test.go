package httpapi_test

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"
)

// roleAtGateways is the role that gateways get told.
func (s *service) roleAtGateways(t *testing.T, id int) string {
	t.Helper()
	path := fmt.Sprint("/internal/users/", id)
	return fetch[struct{ Role string }](t, s, call{path: path, header: http.Header{"Authorization": {s.internal}}}, 200).Role
}

// roleInToken is the claim role.
func (s *service) roleInToken(t *testing.T, raw string) string {
	t.Helper()
	return must(s.verifier.Verify(raw))(t).Role
}

func TestAdministratorsWithoutARequiredSecondFactorAreOrdinaryUsers(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		c := newClock()
		before := newService(t, options{url: url, clock: c})
		old := before.root(t)
		if got := before.do(call{path: "/admin/users", token: old.Token}); got.status != 200 || before.roleAtGateways(t, 1) != "admin" {
			t.Fatalf("without the setting: got %d %s", got.status, got.body)
		}
		s := newService(t, options{url: url, clock: c, adminTOTP: true})
		fresh := s.signIn(t, "root", "123456")
		for _, tokens := range []signedIn{old, fresh} {
			for _, refused := range []call{
				{path: "/admin/users"},
				{path: "/admin/audit"},
				{path: "/admin/usage"},
				{path: "/admin/users/1/usage"},
				{method: "PATCH", path: "/admin/users/1", body: `{}`},
				{method: "DELETE", path: "/admin/users/1/totp"},
			} {
				wantProblem(t, refused.path, s.do(refused.with(tokens.Token)), 403, "otp-setup-required")
			}
			me := fetch[struct {
				Role string
				TOTP bool
			}](t, s, call{path: "/users/me", token: tokens.Token}, 200)
			if me.Role != "admin" || me.TOTP {
				t.Errorf("the account is %+v", me)
			}
		}
		if at, in := s.roleAtGateways(t, 1), s.roleInToken(t, fresh.Token); at != "" || in != "" {
			t.Errorf("gateways hear of the role %q, the token has %q, want none", at, in)
		}
		if next := read[signedIn](t, s.refresh(fresh)); s.roleInToken(t, next.Token) != "" {
			t.Error("a refreshed token has the role")
		}

		app, _ := s.enrol(t, fresh.Token)
		if got := s.do(call{path: "/admin/users", token: fresh.Token}); got.status != 200 {
			t.Errorf("after the set-up, the same session: got %d %s", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: "/admin/users", token: old.Token})) // it has seen no second factor
		if at := s.roleAtGateways(t, 1); at != "admin" {
			t.Errorf("after the set-up gateways hear of the role %q", at)
		}
		again := read[signedIn](t, s.signInWith("root", "123456", app.code(0), ""))
		if s.roleInToken(t, again.Token) != "admin" {
			t.Error("a token after the set-up has no role")
		}
		off := call{method: "DELETE", path: totpPath, token: again.Token, body: fmt.Sprintf(`{"password":"123456","otp":%q}`, app.code(1))}
		wantProblem(t, "turn it off", s.do(off), 403, "otp-mandatory")
		s.clock.advance(30 * time.Second)
		off.method = "POST"
		fetch[struct{}](t, s, off, 200) // but it can be replaced
	})
}

// A role that goes out to others is the one in force. It would be easy to forget.
func TestNoStoredRoleGoesOut(t *testing.T) {
	t.Parallel()
	stored := regexp.MustCompile(`string\(\w+(\.\w+)*\.Role\)`)
	for _, path := range must(filepath.Glob("*.go"))(t) {
		if found := stored.Find(must(os.ReadFile(path))(t)); found != nil && !strings.HasSuffix(path, "_test.go") {
			t.Errorf("%s: %s is the stored role; use RoleInForce, because of ADMIN_TOTP", path, found)
		}
	}
}

func TestAnAdministratorWhoLosesTheSecondFactorLosesTheRights(t *testing.T) {
	t.Parallel()
	s := newService(t, options{adminTOTP: true})
	root := s.root(t)
	s.enrol(t, root.Token)
	ada := s.user(t, "ada")
	fetch[managedUser](t, s, call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"role":"admin"}`}, 200)
	wantProblem(t, "a new administrator", s.do(call{path: "/admin/users", token: ada.Token}), 403, "otp-setup-required")
	s.enrol(t, ada.Token)
	fetch[userPage](t, s, call{path: "/admin/users", token: ada.Token}, 200)
	if got := s.do(call{method: "DELETE", path: "/admin/users/2/totp", token: root.Token}); got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	wantRefused(t, s.do(call{path: "/admin/users", token: ada.Token}))
	next := read[signedIn](t, s.refresh(ada))
	wantProblem(t, "without it", s.do(call{path: "/admin/users", token: next.Token}), 403, "otp-setup-required")
	if at, in := s.roleAtGateways(t, 2), s.roleInToken(t, next.Token); at != "" || in != "" {
		t.Errorf("gateways hear of the role %q, the token has %q, want none", at, in)
	}
	bob := s.user(t, "bob")
	app, _ := s.enrol(t, bob.Token)
	off := call{method: "DELETE", path: totpPath, token: bob.Token, body: fmt.Sprintf(`{"password":"123456","otp":%q}`, app.code(0))}
	if got := s.do(off); got.status != 204 {
		t.Errorf("an ordinary user turns it off: got %d %s", got.status, got.body)
	}
}

// Services that ask are told what holds now, as gateways are.
func TestServicesThatAskHearOfTheRoleInForce(t *testing.T) {
	t.Parallel()
	s := newService(t, options{adminTOTP: true, askers: askersSecret})
	root := s.root(t)
	role := func() any { return read[map[string]any](t, s.do(asks(root.Token)))["role"] }
	if got := role(); got != nil {
		t.Errorf("without a second factor: the role is %v", got)
	}
	s.enrol(t, root.Token)
	if got := role(); got != "admin" {
		t.Errorf("with one: the role is %v, want admin", got)
	}
}
