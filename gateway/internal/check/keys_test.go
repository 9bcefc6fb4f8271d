package check_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/kit/apikey"
	"tallygate/kit/token"
)

func TestTenThousandCallsWithAKeyNeedOneQuestion(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		for range 10_000 {
			who, bearer, err := f.Key(t.Context(), raw, client)
			if err != nil || who.UserID != 7 || who.Key.ID != 70 || who.Key.MonthlyQuota != check.NoQuota || !who.Key.MayCall("any") || bearer == "" {
				t.Fatal(who, err)
			}
		}
		if got := s.askedAboutKeys(); got != 1 || s.lookedUp() != 0 {
			t.Errorf("%d questions, %d lookups", got, s.lookedUp())
		}
	})
}

// ends are all ways in which a key ends at the gateways.
func ends() map[string]func(*authclient.Record) {
	soon := time.Now()
	return map[string]func(*authclient.Record){
		"it is revoked":        func(r *authclient.Record) { r.Keys = r.Keys[1:] },
		"it is the last":       func(r *authclient.Record) { r.Keys = nil },
		"it expires":           func(r *authclient.Record) { r.Keys[0].ExpiresAt = &soon },
		"it is rotated":        func(r *authclient.Record) { r.Keys[0].Hashes[0].Hash = apikey.Hash("another").String() },
		"the overlap ends":     func(r *authclient.Record) { r.Keys[0].Hashes[0].Until = &soon },
		"the user is disabled": func(r *authclient.Record) { r.Disabled = true },
		"the user is deleted":  func(r *authclient.Record) { *r = authclient.Record{UserID: r.UserID} },
	}
}

func TestAKeyEndsWithTheFeed(t *testing.T) {
	t.Parallel()
	for name := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(7, 8)
			inBubble(t, s, nil, func(t *testing.T, f *fixture) {
				raw, other := s.give(t, 7, 70), s.give(t, 8, 80)
				s.give(t, 7, 71)
				f.expectBy(t, "at first", raw, 200)
				f.expectBy(t, "another user's", other, 200)
				outside := f.bearer(t, raw)
				f.expectToken(t, "the token in its place", outside, 200)
				who, _, err := f.Key(t.Context(), raw, client)
				if err != nil {
					t.Fatal(err)
				}
				s.change(7, ends()[name])
				synctest.Wait()
				f.expectBy(t, "afterwards", raw, 401)
				f.expectToken(t, "the token afterwards", outside, 401)
				if err := f.Valid(who, time.Now()); !errors.Is(err, token.ErrInvalid) {
					t.Errorf("a call in flight: got %v", err)
				}
				s.outage(true)
				time.Sleep(10 * time.Second)
				f.expectBy(t, "while auth-service is away", raw, 401)
				f.expectToken(t, "the token while auth-service is away", outside, 401)
				f.expectBy(t, "another user's afterwards", other, 200)
			})
		})
	}
}

// expectToken checks the status of a call with a token.
func (f *fixture) expectToken(t *testing.T, when, raw string, want int) {
	t.Helper()
	if _, err := f.Check(context.Background(), []string{raw}); status(err) != want {
		t.Errorf("%s: got %v, want %d", when, err, want)
	}
}

func TestAChangeThatComesWhileAKeyIsAskedAboutIsNotLost(t *testing.T) {
	t.Parallel()
	for name := range ends() {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			s := newService(7)
			inBubble(t, s, nil, func(t *testing.T, f *fixture) {
				raw := s.give(t, 7, 70)
				s.give(t, 7, 71)
				hold := make(chan struct{})
				s.holding = func(int64) { <-hold }
				var call sync.WaitGroup
				call.Go(func() { f.expectBy(t, "the answer is older than the change", raw, 401) })
				synctest.Wait()
				s.change(7, ends()[name])
				synctest.Wait()
				close(hold)
				call.Wait()
				f.expectBy(t, "afterwards", raw, 401)
			})
		})
	}
}

func TestAnAnswerFromBeforeTheFeedBeganAnewIsAskedForAgain(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		hold, held := make(chan struct{}), false
		s.holding = func(int64) {
			if !held {
				held = true
				<-hold
			}
		}
		var call sync.WaitGroup
		call.Go(func() { f.expectBy(t, "the feed has forgotten the change", raw, 401) })
		synctest.Wait()
		s.changeBeforeFeed(7, func(r *authclient.Record) { r.Keys = nil })
		s.mu.Lock()
		s.pruned = s.version
		s.mu.Unlock()
		time.Sleep(3 * time.Second)
		close(hold)
		call.Wait()
	})
}

func TestARotationWithOverlapFailsNoCall(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		old := s.give(t, 7, 70)
		next := newKey(t)
		f.expectBy(t, "before", old, 200)
		until := time.Now().Add(time.Minute)
		s.changeKeys(7, func(keys []authclient.Key) []authclient.Key {
			before := keys[0].Hashes[0]
			before.Until = &until
			keys[0].Hashes = []authclient.KeyHash{{Hash: apikey.Hash(next).String()}, before}
			return keys
		})
		for time.Now().Before(until) {
			f.expectBy(t, "the old one in the overlap", old, 200)
			f.expectBy(t, "the new one in the overlap", next, 200)
			time.Sleep(time.Second)
		}
		f.expectBy(t, "the old one afterwards", old, 401)
		f.expectBy(t, "the new one afterwards", next, 200)
	})
}

func TestAKeyHasAFreshTokenForUpstreamsForEver(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		verifier := token.NewVerifier(token.Config{Keys: f.keys, Issuer: "tallygate", Audience: "tallygate", MaxLife: time.Hour})
		for range 3 * 24 * 60 {
			_, bearer, err := f.Key(t.Context(), raw, client)
			if err != nil {
				t.Fatal(err)
			}
			claims, err := verifier.Verify(bearer[len("Bearer "):])
			if err != nil || claims.KeyID != 70 || claims.UserID != 7 || time.Until(claims.ExpiresAt) < 10*time.Minute {
				t.Fatal(claims, err)
			}
			time.Sleep(time.Minute)
			synctest.Wait()
		}
		if got := s.askedAboutKeys(); got > 3*24*60/45+1 {
			t.Errorf("%d questions in three days", got)
		}
	})
}

func TestATokenThatStandsForAKeyNeverOutlivesIt(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		ends := time.Now().Add(90 * time.Minute).Truncate(time.Second)
		s.changeKeys(7, func(keys []authclient.Key) []authclient.Key { keys[0].ExpiresAt = &ends; return keys })
		for time.Now().Before(ends) {
			f.expectBy(t, "before its end", raw, 200)
			time.Sleep(time.Second)
			synctest.Wait()
		}
		f.expectBy(t, "at its end", raw, 401)
		if got := s.askedAboutKeys(); got > 20 {
			t.Errorf("%d questions", got)
		}
	})
}

func TestWhileAuthServiceIsAwayKeysThatWereSeenWork(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		seen, unseen := s.give(t, 7, 70), s.give(t, 7, 71)
		f.expectBy(t, "before", seen, 200)
		s.outage(true)
		time.Sleep(5 * time.Second)
		for range 20 {
			f.expectBy(t, "a seen one", seen, 200)
			f.expectBy(t, "an unseen one", unseen, 503)
			f.expectBy(t, "none", "tg_x", 401)
			time.Sleep(time.Hour)
			synctest.Wait()
		}
		if _, bearer, err := f.Key(t.Context(), seen, client); err != nil || bearer != "" {
			t.Errorf("the token has expired, and upstreams get it: %v", err)
		}
		s.outage(false)
		time.Sleep(5 * time.Second)
		f.expectBy(t, "a seen one afterwards", seen, 200)
		f.expectBy(t, "an unseen one afterwards", unseen, 200)
		if _, bearer, err := f.Key(t.Context(), seen, client); err != nil || bearer == "" {
			t.Errorf("upstreams get no token: %v", err)
		}
	})
}

func TestAKeyOutlivesItsUsersPassword(t *testing.T) {
	t.Parallel()
	s := newService(7)
	inBubble(t, s, nil, func(t *testing.T, f *fixture) {
		raw := s.give(t, 7, 70)
		first := f.bearer(t, raw)
		s.change(7, func(r *authclient.Record) { r.Generation++ })
		synctest.Wait()
		if second := f.bearer(t, raw); second == first { // auth-service refuses the generation before
			t.Error("upstreams get the token from before the change")
		}
		for range 100 {
			f.expectBy(t, "afterwards", raw, 200)
		}
		if got := s.askedAboutKeys(); got != 2 {
			t.Errorf("%d questions", got)
		}
	})
}
