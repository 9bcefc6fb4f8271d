package account

import (
	"context"
	"crypto/sha256"
	"errors"
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
	enter  func() (leave func(), err error)
	gates  gates
	lines  lines
}

// counted is one counter that a guess is counted under.
type counted struct {
	key      GuessKey
	policy   Policy
	longest  time.Duration // the delay that it may bring
	forgives bool          // a right guess forgives the failures before it
}

// crowdedPause is how long to wait before the database is asked again whether other replicas' guesses have ended.
const crowdedPause = 25 * time.Millisecond

// newGuard returns a guard. enter keeps a place in the queue for hashing: a flood of guesses must not reach the database,
// which everybody else needs.
func newGuard(store Store, limits GuessLimits, wait time.Duration, now func() time.Time, enter func() (func(), error)) *guard {
	// The last in a line has to have its turn before its patience ends, the time to verify the others included.
	length := 0
	if limits.KnownMaxDelay > 0 {
		length = int(wait/limits.KnownMaxDelay) - 1
	}
	return &guard{
		store: store, limits: limits, now: now, wait: wait, enter: enter,
		gates: gates{at: map[GuessKey]*gate{}}, lines: lines{at: map[GuessKey]*line{}, length: length},
	}
}

// signIn admits a guess of a password. At an address where the user has signed in before the delay is short, and guesses
// stand in line for its end: whoever hammers the name there has to wait as its owner does, and the owner gets a turn.
// Other names' failures at such an address do not count. Errors: *ThrottledError, password.ErrBusy, fault.ErrUnavailable.
func (g *guard) signIn(ctx context.Context, scope guessScope) (*guess, error) {
	timed, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	policy := g.limits.policy("name", g.limits.PerName)
	name := counted{key: scope.nameKey(), policy: policy, longest: g.limits.MaxDelay, forgives: true}
	address := counted{
		key: scope.addressKey(), policy: g.limits.policy("address", g.limits.PerAddress), longest: g.limits.MaxDelay,
	}
	turn := g.lines.turn(name.key)
	defer turn.leave()
	if g.lines.formed(name.key) { // nobody overtakes those who wait
		if err := turn.take(timed); err != nil {
			return nil, orThrottled(ctx, &ThrottledError{RetryAfter: g.limits.KnownMaxDelay, Policy: policy})
		}
	}
	for {
		admitted, known, err := g.trySignIn(ctx, timed, scope, name, address)
		throttled, ok := errors.AsType[*ThrottledError](err)
		if !ok || !known {
			return admitted, err
		}
		if err := turn.take(timed); err != nil || !sleep(timed, throttled.RetryAfter) {
			return nil, orThrottled(ctx, throttled)
		}
	}
}

func (g *guard) trySignIn(ctx, timed context.Context, scope guessScope, name, address counted) (_ *guess, known bool, err error) {
	leave, err := g.enter()
	if err != nil {
		return nil, false, err
	}
	known, err = g.store.KnowsAddress(ctx, scope.name, scope.network())
	if err != nil {
		leave()
		return nil, false, err
	}
	under := []counted{address, name}
	if known {
		name.longest = g.limits.KnownMaxDelay
		under = []counted{name}
	}
	admitted, err := g.admit(ctx, timed, under, leave)
	return admitted, known, err
}

// registration admits a new user, counted under the address that they come from, apart from guesses but with their
// delays. One that is made counts as a failed guess does. Without a limit it asks nothing. Errors: those of signIn.
func (g *guard) registration(ctx context.Context, scope guessScope) (*guess, error) {
	free := g.limits.Registrations
	if free == 0 || !scope.address.IsValid() {
		return &guess{guard: g, leave: func() {}}, nil
	}
	timed, cancel := context.WithTimeout(ctx, g.wait)
	defer cancel()
	leave, err := g.enter()
	if err != nil {
		return nil, err
	}
	return g.admit(ctx, timed, []counted{{
		key:    sha256.Sum256([]byte("registration\x00" + scope.network())),
		policy: g.limits.policy("registrations", free), longest: g.limits.MaxDelay,
	}}, leave)
}

// admit waits until other guesses leave room, as long as timed lasts; leave is what the guess does when it ends, or has
// not been admitted.
func (g *guard) admit(ctx, timed context.Context, under []counted, leave func()) (*guess, error) {
	leaveGates, err := g.gates.enter(timed, under)
	if err != nil {
		leave()
		return nil, orBusy(ctx)
	}
	one := &guess{guard: g, under: under, leave: func() { leaveGates(); leave() }}
	for {
		verdict, refusal, err := g.ask(ctx, under)
		switch {
		case err != nil:
			one.leave()
			return nil, err
		case verdict == admitted:
			return one, nil
		case verdict == blocked:
			one.leave()
			return nil, refusal
		}
		if !sleep(timed, crowdedPause) {
			one.leave()
			return nil, orBusy(ctx)
		}
	}
}

// ask puts the guess to the counters: all have to admit it, or none counts it.
func (g *guard) ask(ctx context.Context, under []counted) (verdict admission, refusal *ThrottledError, err error) {
	err = g.store.UpdateGuesses(ctx, GuessUpdate{Keys: keys(under), Change: func(counters []GuessCounter) []GuessCounter {
		verdict, refusal = admitted, nil
		now := g.now()
		after := make([]GuessCounter, len(counters))
		for i, c := range counters {
			var v admission
			if after[i], v = c.admit(under[i].policy.Free, g.limits, now); v > verdict {
				verdict, refusal = v, &ThrottledError{RetryAfter: after[i].BlockedUntil.Sub(now), Policy: under[i].policy}
			}
		}
		if verdict != admitted {
			return counters
		}
		return after
	}})
	return verdict, refusal, err
}

func keys(under []counted) []GuessKey {
	list := make([]GuessKey, len(under))
	for i, u := range under {
		list[i] = u.key
	}
	return list
}

// sleep reports false if ctx ends before d is over.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// orBusy tells the end of our patience from the end of the client's.
func orBusy(ctx context.Context) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return password.ErrBusy
}

func orThrottled(ctx context.Context, t *ThrottledError) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return t
}
