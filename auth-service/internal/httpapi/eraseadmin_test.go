package httpapi_test

import (
	"fmt"
	"testing"
)

// administers does what administrators do.
func (p *telltale) administers(t *testing.T, s *service, at func(call, string, int) response, as signedIn, bob int64) {
	t.Helper()
	for _, address := range []string{p.v4, p.v6} {
		edit := fmt.Sprintf(`{"monthly_quota":%d}`, p.id*10+int64(len(address)))
		at(call{method: "PATCH", path: fmt.Sprint("/admin/users/", bob), token: as.Token, body: edit}, address, 200)
	}
	at(call{method: "POST", path: "/admin/invitations", body: "{}", token: as.Token}, p.v4, 201)
	at(call{method: "PUT", path: "/admin/plans/pro", body: fmt.Sprintf(`{"in_flight":%d}`, p.id), token: as.Token}, p.v6, 200)
	made := fetch[madeReset](t, s, call{method: "POST", path: fmt.Sprintf("/admin/users/%d/reset", bob), token: as.Token}, 201)
	at(call{method: "POST", path: "/users/password", body: fmt.Sprintf(`{"reset_token":%q,"new_password":"123456"}`, made.Token)}, p.v4, 204)
	at(call{path: "/admin/audit", token: as.Token}, p.v4, 200)
}

// makesKeys makes one key that the person rotates, and one that root revokes.
func (p *telltale) makesKeys(t *testing.T, s *service, root, as signedIn) {
	t.Helper()
	body := fmt.Sprintf(`{"name":%q}`, p.keyName)
	kept, gone := s.makeKey(t, as.Token, body), s.makeKey(t, as.Token, body)
	fetch[shownKey](t, s, call{method: "POST", path: keysPath + "/" + kept.KeyID + "/rotate", token: as.Token, body: "{}"}, 200)
	revoke := call{method: "DELETE", path: fmt.Sprintf("/admin/users/%d/keys/%s", p.id, gone.KeyID), token: root.Token}
	fetch[struct{}](t, s, revoke, 204)
}
