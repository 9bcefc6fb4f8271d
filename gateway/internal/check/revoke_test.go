package check_test

import (
	"errors"
	"strconv"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/token"
)

func TestWhatIsRevokedIsRefusedAsSoonAsTheFeedHasIt(t *testing.T) {
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
				f.expect(t, "before", 7, 200)
				f.expect(t, "before", 8, 200)
				f.service.change(7, change)
				synctest.Wait() // no time passes
				f.expect(t, "after", 7, 401)
				f.expect(t, "after", 8, 200)
				if got := f.service.lookedUp(); got != 2 {
					t.Errorf("%d lookups", got)
				}
			})
		})
	}
}

func TestATokenFromAfterAChangeWorksBeforeTheFeedHasTheChange(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.mu.Lock() // changed, and not in the feed yet
		r := s.users[7]
		r.Generation, r.Version = 4, 1
		s.users[7] = r
		s.mu.Unlock()
		raw := params(7, time.Now()).TokenWith(map[string]any{"gen": 4})
		if _, err := f.Check(t.Context(), []string{raw}); err != nil {
			t.Error(err)
		}
		f.expect(t, "the old token", 7, 401)
	})
}

func TestUnknownAndDeletedUsersAreRefusedAndLookedUpOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		for range 100 {
			f.expect(t, "no such user", 9, 401)
		}
		if got := f.service.lookedUp(); got != 1 {
			t.Errorf("%d lookups", got)
		}
	})
}

func TestAChangeDuringTheFirstLookupWins(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		hold := make(chan struct{})
		s.holding = func(int64) { <-hold } // the response from before the change comes after it
		var result int
		var wg sync.WaitGroup
		wg.Go(func() { result = status(f.as(7)) })
		synctest.Wait()
		s.change(7, func(r *authclient.Record) { r.Disabled = true })
		synctest.Wait()
		close(hold)
		wg.Wait()
		if result != 401 {
			t.Errorf("got %d", result)
		}
		f.expect(t, "afterwards", 7, 401)
	})
}

func TestManyCallsOfANewUserCauseOneLookup(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		hold := make(chan struct{})
		s.holding = func(int64) { <-hold }
		var wg sync.WaitGroup
		for range 100 {
			wg.Go(func() {
				if err := f.as(7); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		close(hold)
		wg.Wait()
		if got := s.lookedUp(); got != 1 {
			t.Errorf("%d lookups", got)
		}
	})
}

func TestWhatChangesForAllUsersArrivesWithTheNextToken(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.mu.Lock() // a new default quota: no change of the user
		r := s.users[7]
		r.MonthlyQuota = new(int64(50))
		s.users[7] = r
		s.mu.Unlock()
		for range 12 {
			time.Sleep(10 * time.Minute)
			f.expect(t, "with a fresh token", 7, 200)
		}
		who, err := f.Check(t.Context(), []string{params(7, time.Now()).Token()})
		if err != nil || who.MonthlyQuota != 50 || s.lookedUp() > 14 {
			t.Error(who, err, s.lookedUp())
		}
	})
}

func TestAForgottenCursorMakesTheGatewayLookUsersUpAgain(t *testing.T) {
	t.Parallel()
	s := newService(7, 8)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		f.expect(t, "before", 8, 200)
		s.outage(true)
		synctest.Wait()
		s.change(7, func(r *authclient.Record) { r.Disabled = true })
		s.mu.Lock() // the change is no longer in the feed
		s.pruned, s.version = 5, 5
		s.mu.Unlock()
		s.outage(false)
		time.Sleep(5 * time.Second)
		f.expect(t, "after", 7, 401)
		f.expect(t, "after", 8, 200)
	})
}

func TestWhatIsRememberedIsBounded(t *testing.T) {
	t.Parallel()
	s := newService()
	for id := range int64(3000) {
		s.users[id+1] = authclient.Record{UserID: id + 1, Exists: true, Generation: 3}
	}
	bound := func(cfg *check.Config) { cfg.MaxTokens, cfg.MaxUsers = 500, 700 }
	inBubble(t, s, bound, func(t *testing.T, f *fixture) {
		for round := range 2 {
			for id := range int64(3000) {
				f.expect(t, "round "+strconv.Itoa(round), id+1, 200)
			}
		}
		if got := gauge(t, f, "tallygate_check_tokens"); got > 500 {
			t.Errorf("%v tokens are remembered", got)
		}
		if got := gauge(t, f, "tallygate_check_users"); got > 700 {
			t.Errorf("%v users are held", got)
		}
		// A user who was forgotten and calls again is kept up to date again.
		for id := range int64(3000) {
			s.change(id+1, func(r *authclient.Record) { r.Disabled = true })
		}
		synctest.Wait()
		for id := range int64(3000) {
			f.expect(t, "disabled", id+1, 401)
		}
		time.Sleep(2 * time.Hour)
		if tokens, users := gauge(t, f, "tallygate_check_tokens"), gauge(t, f, "tallygate_check_users"); tokens+users != 0 {
			t.Errorf("%v tokens and %v users outlive the longest token", tokens, users)
		}
	})
}

func TestAnEndedSessionIsHeldAsLongAsItsTokensCanLive(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		held := func() float64 { return gauge(t, f, "tallygate_check_ended_sessions") }
		last := []string{params(7, time.Now()).Token()} // of session-1
		s.change(7, func(r *authclient.Record) {
			for i := range 100 {
				r.EndedSessions = append(r.EndedSessions, authclient.EndedSession{
					ID: "session-" + strconv.Itoa(i), Until: time.Now().Add(time.Hour - time.Duration((i+1)%2)*30*time.Minute),
				})
			}
		})
		fresh := func() error { // the user stays known by it
			_, err := f.Check(t.Context(), []string{params(7, time.Now()).TokenWith(map[string]any{"sid": "another"})})
			return err
		}
		if err := fresh(); err != nil || held() != 100 {
			t.Error(err, held())
		}
		time.Sleep(time.Hour - time.Second)
		if _, err := f.Check(t.Context(), last); !errors.Is(err, token.ErrInvalid) {
			t.Errorf("in its last second: got %v", err)
		}
		if got := held(); got != 50 {
			t.Errorf("%v sessions are held, want those whose tokens live", got)
		}
		if err := fresh(); err != nil {
			t.Error(err)
		}
		time.Sleep(3 * time.Minute)
		if got := held(); got != 0 {
			t.Errorf("%v sessions are held, want none", got)
		}
		s.change(7, func(r *authclient.Record) { *r = authclient.Record{UserID: r.UserID} })
		s.change(7, func(*authclient.Record) {})
		synctest.Wait()
		if got := held(); got != 0 {
			t.Errorf("of a user who is gone: %v sessions", got)
		}
	})
}
