package check_test

import (
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/token"
)

// caller is somebody who has passed Check with a token that was issued now.
func (f *fixture) caller(t *testing.T, userID int64, claims map[string]any) check.Identity {
	t.Helper()
	who, err := f.Check(t.Context(), []string{params(userID, time.Now()).TokenWith(claims)})
	if err != nil {
		t.Fatal(err)
	}
	return who
}

// valid fails the test unless Valid gives this reason; "" is none.
func (f *fixture) valid(t *testing.T, when string, who check.Identity, want string) {
	t.Helper()
	err, got := f.Valid(who, time.Now()), ""
	if err != nil {
		got = check.Reason(err)
	}
	if got != want {
		t.Errorf("%s, user %d: got %q (%v), want %q", when, who.UserID, got, err, want)
	}
}

func TestWhoHasPassedIsNotValidAnyMoreAsSoonAsTheFeedSaysSo(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(*authclient.Record){
		"the user is deleted":      func(r *authclient.Record) { *r = authclient.Record{UserID: r.UserID} },
		"the user is disabled":     func(r *authclient.Record) { r.Disabled = true },
		"the password was changed": func(r *authclient.Record) { r.Generation++ },
		"the session has ended": func(r *authclient.Record) {
			r.EndedSessions = []authclient.EndedSession{{ID: "another"}, {ID: "session-1"}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, newService(7, 8), nil, func(t *testing.T, f *fixture) {
				who, other := f.caller(t, 7, nil), f.caller(t, 8, nil)
				f.valid(t, "before", who, "")
				f.service.change(7, change)
				synctest.Wait() // no time passes
				f.valid(t, "after", who, "revoked")
				f.valid(t, "after", other, "")
				if got := f.service.lookedUp(); got != 2 {
					t.Errorf("%d lookups", got)
				}
			})
		})
	}
}

func TestTheUsersOtherSessionsStayValid(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		who, elsewhere := f.caller(t, 7, nil), f.caller(t, 7, map[string]any{"sid": "elsewhere"})
		f.service.change(7, func(r *authclient.Record) { r.EndedSessions = []authclient.EndedSession{{ID: "session-1"}} })
		synctest.Wait()
		f.valid(t, "the session that has ended", who, "revoked")
		f.valid(t, "another one", elsewhere, "")
	})
}

func TestWhoHasPassedIsValidUntilTheTokensExp(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		who := f.caller(t, 7, nil)
		time.Sleep(30 * time.Minute)
		f.caller(t, 7, nil) // another token does not lengthen the life of the first
		time.Sleep(30*time.Minute - time.Millisecond)
		f.valid(t, "before exp", who, "")
		time.Sleep(time.Millisecond)
		f.valid(t, "at exp", who, "expired")
		if err := f.Valid(who, time.Now()); !errors.Is(err, token.ErrExpired) {
			t.Errorf("got %v", err)
		}
	})
}

func TestAnOutageIsHeldAgainstNobodyUnlessStalenessIsBounded(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		most time.Duration
		want string
	}{"without a bound": {0, ""}, "with a bound": {6 * time.Second, "unavailable"}} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			inBubble(t, newService(7), func(cfg *check.Config) { cfg.MaxStaleness = test.most }, func(t *testing.T, f *fixture) {
				who := f.caller(t, 7, nil)
				f.service.outage(true)
				time.Sleep(3 * time.Second)
				f.valid(t, "a short outage", who, "")
				time.Sleep(5 * time.Minute)
				f.valid(t, "a long outage", who, test.want)
				f.service.outage(false)
				time.Sleep(4 * time.Second)
				f.valid(t, "afterwards", who, "")
			})
		})
	}
}

// TestChangesThatTheFeedHasLost: nobody calls again, and yet the users are looked up.
func TestChangesThatTheFeedHasLost(t *testing.T) {
	t.Parallel()
	s := newService(7, 8)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		who, other := f.caller(t, 7, nil), f.caller(t, 8, nil)
		s.outage(true)
		synctest.Wait()
		s.change(7, func(r *authclient.Record) { r.Disabled = true })
		s.mu.Lock()
		s.pruned, s.version = 5, 5
		s.mu.Unlock()
		s.outage(false)
		time.Sleep(5 * time.Second)
		f.valid(t, "not looked up yet", who, "")
		f.valid(t, "not looked up yet", other, "")
		synctest.Wait()
		f.valid(t, "looked up", who, "revoked")
		f.valid(t, "looked up", other, "")
		if got := s.lookedUp(); got != 4 {
			t.Errorf("%d lookups, want two of each", got)
		}
		s.change(8, func(r *authclient.Record) { r.Disabled = true })
		synctest.Wait()
		f.valid(t, "disabled after that", other, "revoked")
	})
}

func TestAWithdrawnKeyIsHeldAgainstWhoHasPassedByIt(t *testing.T) {
	t.Parallel()
	const next = "6f1ed002ab5595859014ebf0951522d9c5f3a1b0"
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		who := f.caller(t, 7, nil)
		for _, step := range []struct {
			name, sign string
			others     []string
			want       string
		}{
			{"verify everywhere", secret, []string{next}, ""},
			{"sign with the new one", next, []string{secret}, ""},
			{"withdraw the old one", next, nil, "invalid"},
		} {
			if err := f.keys.Replace(step.sign, step.others); err != nil {
				t.Fatal(err)
			}
			f.valid(t, step.name, who, step.want)
		}
	})
}

func TestToAskAgainAllocatesNothing(t *testing.T) { //nolint:paralleltest // it counts allocations
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		who, now := f.caller(t, 7, nil), time.Now()
		if n := testing.AllocsPerRun(100, func() {
			if err := f.Valid(who, now); err != nil {
				t.Error(err)
			}
		}); n != 0 {
			t.Errorf("%v allocations", n)
		}
	})
}
