package httpapi_test

import (
	"testing"

	"github.com/getkin/kin-openapi/routers/legacy"
)

// TestResetsAreAsDescribed is TestResponsesAreAsDescribed for users whom an administrator makes or helps back.
func TestResetsAreAsDescribed(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{link: "https://example.com"})
	root := s.root(t)
	s.user(t, "ada")
	reset := `{"reset_token":"` + s.reset(t, root, 2).Token + `","new_password":"y"}`
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{path: "/admin/users/2", token: root.Token}, 200},
		{call{path: "/admin/users/99", token: root.Token}, 404},
		{call{method: "POST", path: "/users/password", body: reset}, 204},
		{call{method: "POST", path: "/admin/users/2/reset", token: root.Token}, 201},
		{call{method: "POST", path: "/admin/users/99/reset", token: root.Token}, 404},
		{call{method: "POST", path: "/users/password", body: `{"reset_token":"tgr_x","new_password":"y"}`}, 403},
		{call{method: "POST", path: "/users/password", body: `{"reset_token":"tgr_x"}`}, 422},
		{call{method: "PATCH", path: "/admin/users/2", token: root.Token, body: `{"must_change_password":true}`}, 200},
		{call{method: "POST", path: "/admin/users", token: root.Token, body: credentials("kim", "123456")}, 201},
		{call{method: "POST", path: "/admin/users", token: root.Token, body: `{"username":"leo","role":"user","plan":null,"roles":["ops"]}`}, 201},
		{call{method: "POST", path: "/admin/users", token: root.Token, body: `{"username":"leo"}`}, 409},
		{call{method: "POST", path: "/admin/users", token: root.Token, body: `{"username":"max","invitation":true}`}, 201},
		{call{method: "POST", path: "/token", body: credentials("kim", "123456")}, 403},
		{signInWith("kim", "123456", "correct horse"), 200},
	} {
		got := s.do(step.call)
		if got.status != step.status {
			t.Errorf("%s %s: got %d %s, want %d", step.call.method, step.call.path, got.status, got.body, step.status)
		} else if err := validate(router, step.call, got); err != nil {
			t.Errorf("%s %s: %d %s: %v", step.call.method, step.call.path, got.status, got.body, err)
		}
	}
}
