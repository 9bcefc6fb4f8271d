package httpapi_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/getkin/kin-openapi/routers/legacy"
)

func TestAdministratorsSeeAndRevokeKeys(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root, ada := s.root(t), s.user(t, "ada")
		id := must(s.verifier.Verify(ada.Token))(t).UserID
		made := s.makeKey(t, ada.Token, `{"name":"the name of a key"}`)
		path := fmt.Sprintf("/admin/users/%d/keys", id)
		list := s.do(call{path: path, token: root.Token})
		if keys := read[shownKeys](t, list).Keys; list.status != 200 || len(keys) != 1 || keys[0].KeyID != made.KeyID || strings.Contains(list.body, `"key":`) {
			t.Errorf("got %d %s", list.status, list.body)
		}
		for _, step := range []struct {
			call   call
			status int
			slug   string
		}{
			{call{path: path, token: ada.Token}, 403, "not-admin"},
			{call{method: "DELETE", path: path + "/" + made.KeyID, token: ada.Token}, 403, "not-admin"},
			{call{path: "/admin/users/99/keys", token: root.Token}, 404, "no-such-user"},
			{call{path: "/admin/users/x/keys", token: root.Token}, 422, "invalid-id"},
			{call{method: "DELETE", path: "/admin/users/99/keys/" + made.KeyID, token: root.Token}, 404, "no-such-user"},
			{call{method: "DELETE", path: "/admin/users/1/keys/" + made.KeyID, token: root.Token}, 404, "no-such-key"},
			{call{method: "DELETE", path: path + "/x", token: root.Token}, 404, "no-such-key"},
			{call{method: "DELETE", path: path + "/" + made.KeyID, token: root.Token}, 204, ""},
			{call{method: "DELETE", path: path + "/" + made.KeyID, token: root.Token}, 404, "no-such-key"},
		} {
			got := s.do(step.call)
			if got.status != step.status || !strings.Contains(got.body, step.slug) {
				t.Errorf("%s %s: got %d %s, want %d %s", step.call.method, step.call.path, got.status, got.body, step.status, step.slug)
			}
		}
		if s.opens(made.Key) {
			t.Error("the key works")
		}
		audit := s.do(call{path: "/admin/audit?limit=1", token: root.Token}).body
		for _, part := range []string{`"action":"revoke-key"`, `"actor":"root"`, `"target_username":"ada"`, `"detail":"key_id=` + made.KeyID + `"`} {
			if !strings.Contains(audit, part) {
				t.Errorf("got %s, want %s in it", audit, part)
			}
		}
		if strings.Contains(audit, "the name of a key") || strings.Contains(audit, made.Key) {
			t.Errorf("the log says too much: %s", audit)
		}
	})
}

func TestKeysStayWhenThePasswordChangesAndGoWithTheAccount(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada := s.user(t, "ada")
		made := s.makeKey(t, ada.Token, `{"name":"a"}`)
		before := *read[opened](t, s.open(made.Key)).Token
		body := `{"current_password":"123456","new_password":"234567"}`
		if got := s.do(call{method: "PUT", path: "/users/me/password", token: ada.Token, body: body}); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: before})) // every token of before ends
		if !s.opens(made.Key) {
			t.Error("the key ended with the password")
		}
		wantRefused(t, s.do(call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":"b"}`}))
		again := s.signIn(t, "ada", "234567")
		if got := s.do(call{method: "DELETE", path: "/users/me", token: again.Token, body: `{"password":"234567"}`}); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		wantNoKey(t, "a key of a user who is gone", s.open(made.Key))
	})
}

func TestAKeyMakesNoKeys(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	made := s.makeKey(t, ada.Token, `{"name":"a"}`)
	token := *read[opened](t, s.open(made.Key)).Token
	for _, c := range []call{
		{path: keysPath},
		{method: "POST", path: keysPath, body: `{"name":"b"}`},
		{method: "PATCH", path: keysPath + "/" + made.KeyID, body: `{"name":"b"}`},
		{method: "DELETE", path: keysPath + "/" + made.KeyID},
		{method: "POST", path: keysPath + "/" + made.KeyID + "/rotate"},
	} {
		for _, credential := range []string{token, "Bearer " + token} {
			c.token = credential
			if got := s.do(c); got.status != 403 || !strings.Contains(got.body, "/problems/key-not-allowed") {
				t.Errorf("%s %s: got %d %s", c.method, c.path, got.status, got.body)
			}
		}
		c.token = made.Key // a key is the gateway's business
		wantRefused(t, s.do(c))
	}
}

func TestResponsesAboutKeysHaveTheDescribedForm(t *testing.T) {
	t.Parallel()
	router := must(legacy.NewRouter(description(t)))(t)
	s := newService(t, options{keys: 2})
	root, ada := s.root(t), s.user(t, "ada")
	made := s.makeKey(t, ada.Token, `{"name":"a"}`)
	token := *read[opened](t, s.open(made.Key)).Token
	path, admin := keysPath+"/"+made.KeyID, "/admin/users/2/keys"
	for _, step := range []struct {
		call   call
		status int
	}{
		{call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":"a","routes":["root"],"monthly_quota":5,"expires_at":"2027-01-01T00:00:00Z"}`}, 201},
		{call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":"a"}`}, 409},
		{call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":""}`}, 422},
		{call{method: "POST", path: keysPath, token: token, body: `{"name":"a"}`}, 403},
		{call{path: keysPath, token: ada.Token}, 200},
		{call{path: keysPath, token: token}, 403},
		{call{path: "/users/me/usage?group=key", token: token}, 200},
		{call{path: "/users/me/limits", token: token}, 200},
		{call{path: "/users/me/usage?key=5", token: token}, 403},
		{call{method: "PATCH", path: path, token: ada.Token, body: `{"routes":["files"],"expires_at":null}`}, 200},
		{call{method: "PATCH", path: path, token: ada.Token, body: `{"routes":[]}`}, 422},
		{call{method: "POST", path: path + "/rotate", token: ada.Token}, 200},
		{call{method: "POST", path: path + "/rotate", token: ada.Token, body: `{"overlap_seconds":60}`}, 200},
		{call{path: admin, token: root.Token}, 200},
		{call{path: admin, token: ada.Token}, 403},
		{call{method: "DELETE", path: admin + "/5", token: root.Token}, 404},
		{call{method: "DELETE", path: admin + "/" + made.KeyID, token: root.Token}, 204},
		{call{method: "DELETE", path: path, token: ada.Token}, 404},
	} {
		got := s.do(step.call)
		if got.status != step.status {
			t.Errorf("%s %s: got %d %s, want %d", step.call.method, step.call.path, got.status, got.body, step.status)
		} else if err := validate(router, step.call, got); err != nil {
			t.Errorf("%s %s: %d %s: %v", step.call.method, step.call.path, got.status, got.body, err)
		}
	}
}
