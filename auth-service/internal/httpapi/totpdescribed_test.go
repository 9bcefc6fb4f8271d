package httpapi_test

import (
	"fmt"
	"testing"

	"github.com/getkin/kin-openapi/routers/legacy"
)

// step is a call and the status of its response.
type step struct {
	call   call
	status int
}

func TestCallsAboutSecondFactorsAreAsDescribed(t *testing.T) {
	t.Parallel()
	s := newService(t, options{guesses: defaultGuesses(), adminTOTP: true})
	router := must(legacy.NewRouter(description(t)))(t)
	asDescribed := func(steps []step) {
		t.Helper()
		for _, step := range steps {
			s.wantDescribed(t, router, step.call, step.status)
		}
	}
	root := s.root(t)
	ada, bob := s.user(t, "ada"), s.user(t, "bob")
	setUp := call{path: "/admin/users", token: root.Token}
	asDescribed([]step{{setUp, 403}})
	rootApp, _ := s.enrol(t, root.Token)
	app, codes := s.enrol(t, ada.Token)
	with := func(code string) string { return fmt.Sprintf(`{"password":"123456","otp":%q}`, code) }
	asDescribed([]step{
		{call{method: "POST", path: "/token", body: credentials("ada", "123456")}, 401},
		{call{method: "POST", path: "/token", body: fmt.Sprintf(`{"username":"ada","password":"123456","otp":%q}`, app.code(0))}, 200},
		{call{path: "/users/me", token: ada.Token}, 200},
		{call{method: "POST", path: totpPath, token: ada.Token, body: `{"password":"123456","otp":null}`}, 401},
		{call{method: "POST", path: totpPath + "/recovery-codes", token: ada.Token, body: with(codes[0])}, 200},
		{call{method: "POST", path: totpPath, token: ada.Token, body: with(app.code(1))}, 200},
		{call{method: "PUT", path: totpPath, token: ada.Token, body: `{"otp":"x"}`}, 401},
		{call{method: "PUT", path: totpPath, token: ada.Token, body: `{"otp":7}`}, 422},
		{call{method: "DELETE", path: totpPath, token: ada.Token, body: with("x")}, 401},
		{call{method: "DELETE", path: totpPath, token: root.Token, body: with(rootApp.code(0))}, 403},
		{call{path: "/admin/users", token: root.Token}, 200},
		{call{path: "/admin/audit", token: root.Token}, 200},
		{call{method: "DELETE", path: "/admin/users/2/totp", token: ada.Token}, 403},
		{call{method: "DELETE", path: "/admin/users/2/totp", token: root.Token}, 204},
		{call{method: "DELETE", path: "/admin/users/2/totp", token: root.Token}, 404},
		{call{method: "DELETE", path: "/admin/users/1/totp", token: root.Token}, 409},
		{call{method: "POST", path: totpPath, token: bob.Token, body: `{"password":"123456"}`}, 200},
		{call{method: "DELETE", path: totpPath, token: bob.Token, body: `{"password":"123456"}`}, 404},
		{call{method: "POST", path: totpPath + "/recovery-codes", token: bob.Token, body: `{"password":"123456"}`}, 404},
		{call{method: "PUT", path: totpPath, token: s.user(t, "eve").Token, body: `{"otp":"x"}`}, 409},
	})
}
