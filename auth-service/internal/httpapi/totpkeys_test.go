package httpapi_test

import (
	"testing"

	"tallygate/auth-service/internal/account"
)

// An API key is used without a code, so it has no more rights than its user has now.
func TestAKeyHasTheRoleInForce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, adminTOTP: true})
		root := s.root(t)
		_, key := s.key(t, "root", account.KeyEdit{})
		roles := func() (inRecord, inToken string) {
			t.Helper()
			got := read[struct {
				User  struct{ Role string }
				Token string
			}](t, s.open(key))
			return got.User.Role, s.roleInToken(t, got.Token)
		}
		if record, token := roles(); record != "" || token != "" {
			t.Errorf("without a second factor: the record has %q, the token %q, want no role", record, token)
		}
		s.enrol(t, root.Token)
		if record, token := roles(); record != "admin" || token != "admin" {
			t.Errorf("with one: the record has %q, the token %q, want admin", record, token)
		}
	})
}

func TestAKeyChangesNoSecondFactor(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	_, key := s.key(t, "ada", account.KeyEdit{})
	token := *read[opened](t, s.open(key)).Token
	fetch[struct{ Secret string }](t, s, call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"123456"}`}, 200)
	for _, c := range []call{
		{method: "POST", path: totpPath, body: `{"password":"123456"}`},
		{method: "PUT", path: totpPath, body: `{"otp":"000000"}`},
		{method: "DELETE", path: totpPath, body: `{"password":"123456"}`},
		{method: "POST", path: totpPath + "/recovery-codes", body: `{"password":"123456"}`},
		{method: "DELETE", path: "/admin/users/1/totp"},
	} {
		c.token = token
		wantProblem(t, c.method+" "+c.path, s.do(c), 403, "key-not-allowed")
	}
}
