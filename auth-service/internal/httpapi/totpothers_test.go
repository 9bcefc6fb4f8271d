package httpapi_test

import (
	"fmt"
	"net/http"
	"testing"

	"tallygate/auth-service/internal/account"
)

func TestTurningItOnEndsTheOtherSessions(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada, other := s.user(t, "ada"), s.signIn(t, "ada", "123456")
		s.enrol(t, ada.Token)
		if !s.works(ada.Token) {
			t.Error("the session that turned it on has ended")
		}
		wantRefused(t, s.do(call{path: "/users/me", token: other.Token}))
		wantRefused(t, s.refresh(other))
		if got := s.refresh(ada); got.status != 200 {
			t.Errorf("refresh: got %d %s", got.status, got.body)
		}
		record := fetch[struct {
			Ended []struct{ ID string } `json:"ended_sessions"`
		}](t, s, call{path: "/internal/users/1", header: http.Header{"Authorization": {s.internal}}}, 200)
		if len(record.Ended) != 1 {
			t.Errorf("gateways hear of %d ended sessions, want 1", len(record.Ended))
		}
	})
}

func TestALostSecondFactorIsTurnedOffByOthers(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root := s.root(t)
		ada := s.user(t, "ada")
		remove := func(id int, token string) response {
			return s.do(call{method: "DELETE", path: fmt.Sprintf("/admin/users/%d/totp", id), token: token})
		}
		wantProblem(t, "off already", remove(2, root.Token), 404, "no-totp")
		wantProblem(t, "nobody", remove(99, root.Token), 404, "no-such-user")
		wantProblem(t, "oneself", remove(1, root.Token), 409, "own-account")
		wantProblem(t, "by a user", remove(2, ada.Token), 403, "not-admin")
		s.enrol(t, ada.Token)
		if got := remove(2, root.Token); got.status != 204 || got.body != "" {
			t.Errorf("got %d %s", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: "/users/me", token: ada.Token})) // it may carry a role that is no more
		if got := s.refresh(ada); got.status != 200 {
			t.Errorf("refresh: got %d %s", got.status, got.body)
		}
		ada = s.signIn(t, "ada", "123456")
		s.enrol(t, ada.Token)
		if _, err := s.accounts.RemoveFactorByName(t.Context(), account.Actor{Name: "command line"}, "Ada"); err != nil {
			t.Fatal(err)
		}
		s.signIn(t, "ada", "123456")
		want := []string{"command line@ totp-off ada ", "ada@192.0.2.1 totp-on ada ", "root@192.0.2.1 totp-off ada ", "ada@192.0.2.1 totp-on ada "}
		for i, got := range auditLog(t, s, root)[:len(want)] {
			if got != want[i] {
				t.Errorf("entry %d of the audit log: got %q, want %q", i, got, want[i])
			}
		}
	})
}
