package account

import (
	"context"
	"sync"
	"time"

	"tallygate/auth-service/internal/password"
)

// guard lets guesses through as fast as GuessLimits allow, in all replicas together: what counts stands in the
// database. A guess is counted as pending before it is verified, so that a thousand at once get no more tries than a
// thousand one after the other.
type guard struct {
	store  Store
	limits GuessLimits
	now    func() time.Time
	wait   time.Duration // how long a guess waits for others to end

	mu    sync.Mutex
	gates map[GuessKey]*gate
}

// gate is the queue in front of one counter in this process: it lets as many through as there are free guesses, so
// that those behind wait here and not in the database. How many can wait is bounded by password.Queue's Enter.
type gate struct {
	slots chan struct{}
	users int
}

// crowdedPause is how long to wait before the database is asked again whether other replicas' guesses have ended.
const crowdedPause = 25 * time.Millisecond

func newGuard(store Store, limits GuessLimits, wait time.Duration, now func() time.Time) *guard {
	return &guard{store: store, limits: limits, now: now, wait: wait, gates: map[GuessKey]*gate{}}
}

// guess is one admitted guess. It has to be settled.
type guess struct {
	guard *guard
	scope guessScope
	known bool
	leave func()
}

// admit waits for the guess's turn. Errors: *ThrottledError, password.ErrBusy, ErrUnavailable.
func (g *guard) admit(ctx context.Context, scope guessScope) (*guess, error) {
	timed, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	leave, err := g.enter(timed, scope)
	if err != nil {
		return nil, orBusy(ctx)
	}
	for {
		known, verdict, until, err := g.ask(ctx, scope)
		switch {
		case err != nil:
			leave()
			return nil, err
		case verdict == admitted:
			return &guess{guard: g, scope: scope, known: known, leave: leave}, nil
		case verdict == blocked:
			leave()
			return nil, &ThrottledError{RetryAfter: until.Sub(g.now())}
		}
		timer := time.NewTimer(crowdedPause)
		select {
		case <-timer.C:
		case <-timed.Done():
			timer.Stop()
			leave()
			return nil, orBusy(ctx)
		}
	}
}

// orBusy tells the end of our patience from the end of the client's.
func orBusy(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return password.ErrBusy
}

// ask puts the guess to the counters: both have to admit it, or none counts it.
func (g *guard) ask(ctx context.Context, scope guessScope) (known bool, verdict admission, until time.Time, err error) {
	err = g.store.UpdateGuesses(ctx, scope.name, scope.network(), scope.keys(),
		func(isKnown bool, counters []GuessCounter) []GuessCounter {
			known, verdict, until = isKnown, admitted, time.Time{}
			now := g.now()
			after := make([]GuessCounter, len(counters))
			for i, c := range counters {
				var v admission
				after[i] = c
				if i == addressCounter && known {
					continue // others' failures at this address are not the owner's
				}
				after[i], v = c.admit(g.free(i), g.limits, now)
				if v > verdict {
					verdict, until = v, after[i].BlockedUntil
				}
			}
			if verdict != admitted {
				return counters
			}
			return after
		})
	return known, verdict, until, err
}

// The places of a scope's two counters.
const (
	addressCounter = iota
	nameCounter
)

func (s guessScope) keys() []GuessKey { return []GuessKey{s.addressKey(), s.nameKey()} }

func (g *guard) free(counter int) int {
	if counter == addressCounter {
		return g.limits.PerAddress
	}
	return g.limits.PerName
}

func (g *guard) longest(known bool) time.Duration {
	if known {
		return g.limits.KnownMaxDelay
	}
	return g.limits.MaxDelay
}

// settlement is the change of the counters that an outcome brings; the store makes it, in a transaction of its own or
// together with what a right guess leads to.
func (g *guess) settlement(o outcome) GuessUpdate {
	return GuessUpdate{Keys: g.scope.keys(), Change: func(counters []GuessCounter) []GuessCounter {
		after := make([]GuessCounter, len(counters))
		for i, c := range counters {
			after[i] = c
			if i != addressCounter || !g.known {
				after[i] = c.settle(o, i == nameCounter, g.guard.free(i), g.guard.longest(g.known), g.guard.limits, g.guard.now())
			}
		}
		return after
	}}
}

// settle notes the outcome, also when the client is gone by now.
func (g *guess) settle(ctx context.Context, o outcome) error {
	defer g.leave()
	u := g.settlement(o)
	return g.guard.store.UpdateGuesses(context.WithoutCancel(ctx), g.scope.name, g.scope.network(), u.Keys,
		func(_ bool, counters []GuessCounter) []GuessCounter { return u.Change(counters) })
}

// enter passes the gates of both counters, and returns what leaves them again.
func (g *guard) enter(ctx context.Context, scope guessScope) (leave func(), err error) {
	keys := scope.keys()
	for i, key := range keys {
		if err := g.pass(ctx, key, g.free(i)); err != nil {
			for _, passed := range keys[:i] {
				g.leave(passed)
			}
			return nil, err
		}
	}
	return func() {
		for _, key := range keys {
			g.leave(key)
		}
	}, nil
}

func (g *guard) pass(ctx context.Context, key GuessKey, width int) error {
	g.mu.Lock()
	at := g.gates[key]
	if at == nil {
		at = &gate{slots: make(chan struct{}, width)}
		g.gates[key] = at
	}
	at.users++
	g.mu.Unlock()
	select {
	case at.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		g.drop(key, at)
		return ctx.Err()
	}
}

func (g *guard) leave(key GuessKey) {
	g.mu.Lock()
	at := g.gates[key]
	g.mu.Unlock()
	<-at.slots
	g.drop(key, at)
}

// drop forgets a gate that nobody uses any more.
func (g *guard) drop(key GuessKey, at *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at.users--; at.users == 0 {
		delete(g.gates, key)
	}
}
