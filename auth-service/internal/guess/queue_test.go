package guess_test

import (
	"context"
	"errors"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/guess"
)

// memory is a Store that counts its updates.
type memory struct {
	mu       sync.Mutex
	known    bool
	updates  atomic.Int64
	counters map[guess.Key]guess.Counter
}

func (m *memory) KnowsAddress(context.Context, string, string) (bool, error) { return m.known, nil }

func (m *memory) UpdateGuesses(_ context.Context, u guess.Update) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.updates.Add(1)
	before := make([]guess.Counter, len(u.Keys))
	for i, key := range u.Keys {
		before[i] = m.counters[key]
	}
	for i, after := range u.Change(before) {
		m.counters[u.Keys[i]] = after
	}
	return nil
}

// place counts the places that are held.
type place struct {
	held *atomic.Int64
	mine bool
}

func (p *place) Enter() error {
	if !p.mine {
		p.mine = true
		p.held.Add(1)
	}
	return nil
}

func (p *place) Leave() {
	if p.mine {
		p.mine = false
		p.held.Add(-1)
	}
}

func scope() guess.Scope {
	return guess.Scope{Name: "ada", Address: netip.MustParseAddr("198.51.100.7")}
}

func TestThoseWhoWaitHoldNoPlaceAndOnlyTheFirstAsks(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{counters: map[guess.Key]guess.Counter{}}
		throttle := guess.New(guess.Config{Store: store, Limits: limits(), Patience: time.Minute})
		var held, admitted atomic.Int64
		release := make(chan struct{})
		var all sync.WaitGroup
		for range 100 {
			all.Go(func() {
				attempt, err := throttle.SignIn(t.Context(), scope(), &place{held: &held})
				if err != nil {
					t.Error(err)
					return
				}
				admitted.Add(1)
				<-release
				if err := attempt.Finish(t.Context(), guess.Right); err != nil {
					t.Error(err)
				}
			})
		}
		synctest.Wait()
		if held.Load() != 10 || admitted.Load() != 10 {
			t.Errorf("%d hold a place and %d are admitted, want 10", held.Load(), admitted.Load())
		}
		before := store.updates.Load()
		time.Sleep(time.Second)
		synctest.Wait()
		if got := store.updates.Load() - before; got > 41 || got < 30 {
			t.Errorf("the counters were updated %d times in a second, want 40", got)
		}
		close(release)
		began := time.Now()
		all.Wait()
		if took := time.Since(began); took > 0 || held.Load() != 0 {
			t.Errorf("the others took %v and hold %d places, want no time and none", took, held.Load())
		}
	})
}

func TestARefusalIsForAllWhoWait(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{counters: map[guess.Key]guess.Counter{}}
		throttle := guess.New(guess.Config{Store: store, Limits: limits(), Patience: time.Minute})
		var held, wrong, throttled atomic.Int64
		var all sync.WaitGroup
		for range 500 {
			all.Go(func() {
				attempt, err := throttle.SignIn(t.Context(), scope(), &place{held: &held})
				if err == nil {
					time.Sleep(50 * time.Millisecond)
					wrong.Add(1)
					err = attempt.Finish(t.Context(), guess.Wrong)
				}
				if _, ok := errors.AsType[*guess.ThrottledError](err); ok {
					throttled.Add(1)
				}
			})
		}
		all.Wait()
		if wrong.Load() != 10 || throttled.Load() != 490 {
			t.Errorf("%d were verified and %d throttled, want 10 and 490", wrong.Load(), throttled.Load())
		}
		// Ten are admitted and settled. The eleventh tries again whenever one of them has ended. Its refusal is for all.
		if store.updates.Load() > 35 {
			t.Errorf("the counters were updated %d times, want 35 times at most", store.updates.Load())
		}
	})
}

func TestPatienceAndClientsEnd(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		store := &memory{counters: map[guess.Key]guess.Counter{}, known: true}
		few := limits()
		few.PerName = 1
		throttle := guess.New(guess.Config{Store: store, Limits: few, Patience: 5 * time.Second})
		var held atomic.Int64
		attempt, err := throttle.SignIn(t.Context(), scope(), &place{held: &held})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		for range 3 {
			go func() {
				if _, err := throttle.SignIn(t.Context(), scope(), &place{held: &held}); !errors.Is(err, guess.ErrTooManyAtOnce) {
					t.Errorf("without patience: got %v, want ErrTooManyAtOnce", err)
				}
			}()
			synctest.Wait()
		}
		if _, err := throttle.SignIn(ctx, scope(), &place{held: &held}); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("without a client: got %v, want its end", err)
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if err := attempt.Finish(t.Context(), guess.Right); err != nil || held.Load() != 0 {
			t.Errorf("got %v, and %d places are held", err, held.Load())
		}
		if _, err = throttle.SignIn(t.Context(), scope(), &place{held: &held}); err != nil {
			t.Errorf("the next one: got %v", err)
		}
	})
}
