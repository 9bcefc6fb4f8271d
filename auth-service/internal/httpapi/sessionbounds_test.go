package httpapi_test

import (
	"database/sql"
	"strings"
	"testing"
	"time"
)

func TestOneSessionTooManyEndsTheLeastRecentlyUsed(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url, sessions: 3})
		var all []signedIn
		s.register(t, "ada", "123456")
		for range 3 {
			all = append(all, s.signIn(t, "ada", "123456"))
			s.clock.advance(time.Second)
		}
		all[0] = read[signedIn](t, s.refresh(all[0])) // so the second is the oldest
		s.clock.advance(time.Second)
		all = append(all, s.signIn(t, "ada", "123456"))
		for i, tokens := range all {
			want := 200
			if i == 1 {
				want = 401
			}
			if got := s.refresh(tokens); got.status != want {
				t.Errorf("session %d: got %d, want %d", i, got.status, want)
			}
		}
		list := fetch[sessionList](t, s, call{path: "/users/me/sessions", token: all[3].Token}, 200)
		if len(list.Sessions) != 3 {
			t.Errorf("got %+v", list)
		}
	})
}

func TestThousandSignOutsEndAllAccessTokensButNoOtherSession(t *testing.T) {
	t.Parallel()
	url := shared.SQLite(t)
	s := newService(t, options{url: url})
	ada := s.user(t, "ada")
	db := must(sql.Open("sqlite", strings.TrimPrefix(url, "sqlite:")))(t)
	t.Cleanup(func() { _ = db.Close() })
	must(db.ExecContext(t.Context(), `
		with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000)
		insert into sessions (id, user_id, created_at, last_used_at, expires_at, ended_at, client, address, live_hash)
		select 'ended ' || i, 1, ?1, ?1, ?1, ?1, '', '', x'00' from n`, s.clock.Now().UnixMicro()))(t)
	if got := s.do(call{method: "POST", path: "/logout", token: s.signIn(t, "ada", "123456").Token}); got.status != 204 {
		t.Fatalf("got %d %s", got.status, got.body)
	}
	wantRefused(t, s.do(call{path: "/users/me", token: ada.Token}))
	if got := fetch[record](t, s, call{path: "/internal/users/1", token: s.internal}, 200); got.Generation != 2 || len(got.Ended) != 0 {
		t.Errorf("got generation %d and %d ended, want 2 and 0", got.Generation, len(got.Ended))
	}
	if next := read[signedIn](t, s.refresh(ada)); !s.works(next.Token) {
		t.Error("the session that lives gets no token of the new generation")
	}
}

func TestSpentTokenEndsItsSessionEvenAfter300Refreshes(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	first := s.user(t, "ada")
	last := first
	for range 300 {
		last = read[signedIn](t, s.refresh(last))
	}
	wantRefused(t, s.refresh(first))
	wantRefused(t, s.refresh(last))
}

// TestForgedTokenOfASessionSignsNobodyOut: a session's id is no secret, and it is not enough.
func TestForgedTokenOfASessionSignsNobodyOut(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada, eve := s.user(t, "ada"), s.user(t, "eve")
	const named = len("tgr_") + 22
	for _, forged := range []string{
		ada.RefreshToken[:named] + eve.RefreshToken[named:],
		ada.RefreshToken[:named] + strings.Repeat("A", len(ada.RefreshToken)-named),
		ada.RefreshToken[:len(ada.RefreshToken)-1] + "A", ada.RefreshToken[:len(ada.RefreshToken)-1] + "Q",
	} {
		if forged != ada.RefreshToken {
			wantRefused(t, s.refresh(signedIn{RefreshToken: forged}))
		}
	}
	for _, tokens := range []signedIn{ada, eve} {
		if !s.works(tokens.Token) || s.refresh(tokens).status != 200 {
			t.Error("a session has ended")
		}
	}
}

// TestEndOfASessionIsRememberedLongerThanItsTokensLive: the replica that issued the last one may have had a clock ahead of
// the replica that ended the session.
func TestEndOfASessionIsRememberedLongerThanItsTokensLive(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	s.do(call{method: "POST", path: "/logout", token: ada.Token})
	for _, step := range []struct {
		wait time.Duration
		want int
	}{{time.Hour + 10*time.Second, 1}, {time.Minute, 0}} {
		s.clock.advance(step.wait)
		if err := s.accounts.Sweep(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := fetch[record](t, s, call{path: "/internal/users/1", token: s.internal}, 200); len(got.Ended) != step.want {
			t.Errorf("%v later: got %d ended, want %d", step.wait, len(got.Ended), step.want)
		}
	}
}
