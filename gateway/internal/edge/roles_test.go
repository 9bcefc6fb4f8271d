package edge_test

import (
	"strings"
	"testing"
)

func TestARouteMayAskForARole(t *testing.T) {
	t.Parallel()
	addr := replica(t, echo)
	reports, other := locked("/reports", addr), locked("/other", addr)
	reports.Roles = []string{"admin", "ops"}
	gw := gate(t, reports, other)
	get := func(path, token, fields string) (int, string) {
		t.Helper()
		resp, body := call(t, gw, "GET "+path+" HTTP/1.1\r\nHost: a\r\nAuthorization: Bearer "+token+"\r\n"+fields+"\r\n")
		return resp.StatusCode, body
	}
	if status, body := get("/reports", "good", ""); status != 403 || !strings.Contains(body, "/problems/role-missing") {
		t.Errorf("without the role: got %d %s", status, body)
	}
	if status, _ := get("/reports", "bad", ""); status != 401 {
		t.Errorf("with a bad token: got %d", status)
	}
	if status, _ := get("/reports?ticket=tgt_for:reports", "", ""); status != 401 {
		t.Errorf("a ticket beside a token: got %d", status)
	}
	if resp, body := call(t, gw, "GET /reports?ticket=tgt_for:reports HTTP/1.1\r\nHost: a\r\n\r\n"); resp.StatusCode != 403 {
		t.Errorf("with a ticket of a user without the role: got %d %s", resp.StatusCode, body)
	}
	const forged = "X-User-Roles: admin\r\nX_User_Roles: admin\r\nX-User.Roles: admin\r\n"
	for _, path := range []string{"/reports", "/other"} {
		if status, body := get(path, "analyst", forged); status != 200 || strings.Count(strings.ToLower(body), "roles") != 1 ||
			!strings.Contains(body, "X-User-Roles: analyst,ops\r\n") {
			t.Errorf("%s: the upstream got %d %s", path, status, body)
		}
	}
	if status, body := get("/other", "good", forged); status != 200 || strings.Contains(strings.ToLower(body), "roles") {
		t.Errorf("a user without roles: the upstream got %d %s", status, body)
	}
}
