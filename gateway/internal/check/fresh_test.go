package check_test

import (
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
)

// changeBeforeFeed changes a user, and the feed does not have the change yet.
func (s *service) changeBeforeFeed(userID int64, change func(*authclient.Record)) {
	s.mu.Lock()
	defer s.mu.Unlock()
	r := s.record(userID)
	change(&r)
	s.version++
	r.Version = s.version
	s.users[userID] = r
}

// statusOf is the status of a call with a fresh token of user 7 with the generation.
func (f *fixture) statusOf(t *testing.T, generation int64) int {
	t.Helper()
	p := params(7, time.Now())
	p.Generation = generation
	_, err := f.Check(t.Context(), []string{p.Token()})
	return status(err)
}

func TestAFreshTokenIsNotDecidedByTheResponseToAnOlderLookup(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		hold := make(chan struct{})
		s.holding = func(int64) { <-hold }
		var old, fresh int
		var wg sync.WaitGroup
		wg.Go(func() { old = f.statusOf(t, 3) })
		synctest.Wait() // the response is made, and has not arrived
		s.changeBeforeFeed(7, func(r *authclient.Record) { r.Generation = 4 })
		wg.Go(func() { fresh = f.statusOf(t, 4) })
		synctest.Wait()
		close(hold)
		wg.Wait()
		if old != 200 || fresh != 200 {
			t.Errorf("got %d for the old token and %d for the fresh one, want 200 and 200", old, fresh)
		}
		if got := s.lookedUp(); got != 2 {
			t.Errorf("%d lookups, want 2", got)
		}
		if got := f.statusOf(t, 3); got != 401 {
			t.Errorf("the old token afterwards: got %d", got)
		}
	})
}

func TestATokenThatAuthServiceDoesNotKnowYetIsUnavailableAndLookedUpOnce(t *testing.T) {
	t.Parallel()
	inBubble(t, newService(7), nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		before := f.service.lookedUp()
		if got := f.statusOf(t, 4); got != 503 {
			t.Errorf("got %d, want 503", got)
		}
		if got := f.service.lookedUp() - before; got != 1 {
			t.Errorf("%d lookups, want one", got)
		}
		f.expect(t, "afterwards", 7, 200)
	})
}

func TestAFreshTokenWorksBeforeTheFeedHasItsUserEnabledAgain(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.change(7, func(r *authclient.Record) { r.Disabled, r.Generation = true, 4 })
		synctest.Wait()
		f.expect(t, "disabled", 7, 401)
		if got := s.lookedUp(); got != 1 {
			t.Errorf("%d lookups for a token from before the change", got)
		}
		s.changeBeforeFeed(7, func(r *authclient.Record) { r.Disabled, r.Generation = false, 5 })
		if got := f.statusOf(t, 5); got != 200 {
			t.Errorf("enabled again: got %d, want 200", got)
		}
		f.expect(t, "the old token", 7, 401)
	})
}

func TestNoTokenIsAheadOfAUserWhoIsGone(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.change(7, func(r *authclient.Record) { *r = authclient.Record{UserID: r.UserID} })
		synctest.Wait()
		if got := f.statusOf(t, 9); got != 401 {
			t.Errorf("got %d, want 401", got)
		}
		if got := s.lookedUp(); got != 1 {
			t.Errorf("%d lookups for a user who is gone", got)
		}
	})
}
