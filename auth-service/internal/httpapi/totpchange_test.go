package httpapi_test

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// changeWithCode signs ada in with a code and a new password.
func changeWithCode(password, otp, next string) call {
	return call{
		method: "POST", path: "/token", body: fmt.Sprintf(`{"username":"ada","password":%q,"otp":%q,"new_password":%q}`, password, otp, next),
	}
}

// Whoever has the password alone must not be able to change it.
func TestAPasswordIsChangedAtASignInAfterTheCodeOnly(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		ada := s.user(t, "ada")
		app, codes := s.enrol(t, ada.Token)
		refused := func() {
			t.Helper()
			wantProblem(t, "no code", s.do(signInWith("ada", "123456", "correct horse")), 401, "otp-required")
			wantProblem(t, "an empty code", s.do(changeWithCode("123456", "", "correct horse")), 401, "otp-required")
			wantProblem(t, "a wrong code", s.do(changeWithCode("123456", app.wrong(), "correct horse")), 401, "otp-not-valid")
			wantProblem(t, "a wrong recovery code", s.do(changeWithCode("123456", "aaaa-aaaa-aaaa-aaaa", "correct horse")), 401, "otp-not-valid")
			wantProblem(t, "the new password", s.signInWith("ada", "correct horse", app.code(0), ""), 401, "wrong-credentials")
			if !s.works(ada.Token) {
				t.Error("the session has ended")
			}
		}
		refused()
		edit := call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"must_change_password":true}`}
		fetch[managedUser](t, s, edit, 200)
		refused()

		// Neither kind of code is used up by a sign-in that brings no new password.
		wantProblem(t, "the code alone", s.signInWith("ada", "123456", app.code(0), ""), 403, "password-change-required")
		wantProblem(t, "a recovery code alone", s.signInWith("ada", "123456", codes[0], ""), 403, "password-change-required")
		fresh := fetch[signedIn](t, s, changeWithCode("123456", codes[0], "correct horse"), 200)
		if !s.works(fresh.Token) || s.works(ada.Token) {
			t.Error("the new token does not work, or the old one does")
		}
		wantProblem(t, "the old password", s.signInWith("ada", "123456", app.code(0), ""), 401, "wrong-credentials")
		wantProblem(t, "the recovery code again", s.signInWith("ada", "correct horse", codes[0], ""), 401, "otp-not-valid")
		fetch[signedIn](t, s, changeWithCode("correct horse", app.code(0), "battery staple"), 200)
		wantProblem(t, "the code again", s.do(changeWithCode("battery staple", app.code(0), "third password")), 401, "otp-not-valid")
		if got := s.signInWith("ada", "battery staple", app.code(1), ""); got.status != 200 {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}

// That the password is due for a change must not make guesses of codes free.
func TestCodesOfAUserWhoMustChangeThePasswordAreThrottled(t *testing.T) {
	t.Parallel()
	for what, next := range map[string]string{"without a new password": "", "with a new password": `,"new_password":"correct horse"`} {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			s := newService(t, options{guesses: defaultGuesses()})
			root := s.root(t)
			app, _ := s.enrol(t, s.user(t, "ada").Token)
			fetch[managedUser](t, s, call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"must_change_password":true}`}, 200)
			try := func(otp string) response {
				return s.do(call{
					method: "POST", path: "/token", address: "198.51.100.9",
					body: fmt.Sprintf(`{"username":"ada","password":"123456","otp":%q%s}`, otp, next),
				})
			}
			for range 10 {
				wantProblem(t, "the password alone", try(""), 401, "otp-required")
				wantProblem(t, "a free failure", try(app.wrong()), 401, "otp-not-valid")
			}
			wantProblem(t, "the eleventh try", try(app.code(0)), 429, "too-many-tries")
			s.clock.advance(time.Second)
			got := try(app.code(0))
			if next == "" {
				wantProblem(t, "the right code", got, 403, "password-change-required")
			} else if got.status != 200 {
				t.Errorf("the right code: got %d %s", got.status, got.body)
			}
		})
	}
}

// Whoever reads a reset link has not got the phone.
func TestTheSecondFactorOutlivesAReset(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		app, _ := s.enrol(t, s.user(t, "ada").Token)
		made := fetch[madeReset](t, s, call{method: "POST", path: "/admin/users/2/reset", token: root.Token}, 201)
		if got := s.useReset(made.Token, "correct horse"); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		wantProblem(t, "no code", s.signInWith("ada", "correct horse", "", ""), 401, "otp-required")
		got := s.signInWith("ada", "correct horse", app.code(0), "")
		if got.status != 200 || !strings.Contains(s.do(call{path: "/users/me", token: read[signedIn](t, got).Token}).body, `"totp":true`) {
			t.Errorf("got %d %s", got.status, got.body)
		}
	})
}
