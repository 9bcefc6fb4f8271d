package check_test

import (
	"context"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
)

func TestWhileAuthServiceIsUnavailableKnownUsersPassAndNewOnesWait(t *testing.T) {
	t.Parallel()
	s := newService(7, 8, 9)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		if got := f.Staleness(); got != 0 {
			t.Errorf("stale for %s with a good feed", got)
		}
		if age, known := f.FeedAge(); !known || age > 3*time.Second {
			t.Errorf("a good feed has responded %s ago (%t)", age, known)
		}
		s.outage(true)
		time.Sleep(10 * time.Minute)
		f.expect(t, "unavailable", 7, 200)
		f.expect(t, "unavailable", 8, 503)
		before := s.lookedUp()
		for range 100 {
			f.expect(t, "unavailable", 8, 503)
			f.expect(t, "unavailable", 9, 503)
		}
		if got := s.lookedUp() - before; got > 1 {
			t.Errorf("%d lookups within a moment of the outage", got)
		}
		if got := f.Staleness(); got < 9*time.Minute || got > 11*time.Minute {
			t.Errorf("stale for %s after ten minutes", got)
		}
		if age, known := f.FeedAge(); !known || age < 9*time.Minute || age > 11*time.Minute {
			t.Errorf("after ten minutes the feed has responded %s ago (%t)", age, known)
		}
		if err := f.Ready(t.Context()); err != nil {
			t.Errorf("not ready: %v", err)
		}
		s.change(7, func(r *authclient.Record) { r.Disabled = true }) // while nobody hears it
		s.outage(false)
		time.Sleep(4 * time.Second)
		f.expect(t, "back", 7, 401)
		f.expect(t, "back", 8, 200)
		if got := f.Staleness(); got != 0 {
			t.Errorf("stale for %s after the feed is back", got)
		}
	})
}

func TestAGatewayThatHasNeverReachedAuthServiceLetsNobodyPass(t *testing.T) {
	t.Parallel()
	s := newService(7)
	s.unavailable = true
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "never reached", 7, 503)
		if err := f.Ready(t.Context()); err == nil {
			t.Error("ready")
		}
		if age, known := f.FeedAge(); known {
			t.Errorf("the feed has responded %s ago", age)
		}
		s.outage(false)
		time.Sleep(4 * time.Second)
		f.expect(t, "reached", 7, 200)
		if err := f.Ready(t.Context()); err != nil {
			t.Error(err)
		}
	})
}

func TestAFeedThatIsBackIsFollowedAtOnceAlsoWithoutChanges(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		s.outage(true)
		time.Sleep(time.Minute)
		if f.Staleness() == 0 {
			t.Error("current while auth-service is unavailable")
		}
		s.outage(false)
		time.Sleep(time.Second)
		if got := f.Staleness(); got != 0 {
			t.Errorf("still stale for %s a second after auth-service's return", got)
		}
	})
}

func TestAFetchWithoutResponseIsGivenUp(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		hold := make(chan struct{})
		s.holding = func(int64) { <-hold }
		start := time.Now()
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		_, err := f.Check(ctx, []string{params(7, start).Token()})
		if got := status(err); got != 503 || time.Since(start) != time.Second {
			t.Errorf("got %d after %s", got, time.Since(start))
		}
		close(hold)
		synctest.Wait()
		f.expect(t, "responded", 7, 200)
	})
}

func TestAMaximalStalenessTurnsIntoUnavailable(t *testing.T) {
	t.Parallel()
	s := newService(7)
	strict := func(cfg *check.Config) { cfg.MaxStaleness = 6 * time.Second }
	inBubble(t, s, strict, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		time.Sleep(time.Minute)
		f.expect(t, "the feed responds and has no changes", 7, 200)
		s.outage(true)
		time.Sleep(3 * time.Second)
		f.expect(t, "unavailable for a short time", 7, 200)
		time.Sleep(5 * time.Second)
		f.expect(t, "unavailable for too long", 7, 503)
		if err := f.Ready(t.Context()); err == nil {
			t.Error("ready")
		}
		s.outage(false)
		time.Sleep(4 * time.Second)
		f.expect(t, "back", 7, 200)
	})
}

func TestAReplicaThatHangsIsGivenUpAndShowsAsStaleness(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		f.expect(t, "before", 7, 200)
		s.mu.Lock()
		next := s.polls + 1
		s.hangs = func(poll int) bool { return poll == next } // one replica hangs, the others do not
		s.mu.Unlock()
		begun := time.Now()
		for hung := false; !hung; {
			time.Sleep(100 * time.Millisecond)
			s.mu.Lock()
			hung = s.polls == next
			s.mu.Unlock()
			if got := f.Staleness(); got != 0 {
				t.Fatalf("stale for %s while the feed responds", got)
			}
		}
		if took := time.Since(begun); took > 1100*time.Millisecond {
			t.Errorf("a poll took %s", took)
		}
		s.changeBeforeFeed(7, func(r *authclient.Record) { r.Disabled = true })
		time.Sleep(2100 * time.Millisecond)
		if got := f.Staleness(); got < 2*time.Second {
			t.Errorf("stale for %s without a response for two seconds", got)
		}
		time.Sleep(time.Second)
		f.expect(t, "another replica has responded", 7, 401)
		if got := f.Staleness(); got != 0 {
			t.Errorf("stale for %s after that", got)
		}
	})
}
