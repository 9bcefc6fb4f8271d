package guess

import (
	"context"
	"crypto/sha256"
	"errors"
	"time"

	"tallygate/auth-service/internal/password"
)

// Config is what a Throttle is made of. All but Now are required.
type Config struct {
	Store  Store
	Limits Limits
	// Patience is how long an attempt waits for others of the same name or address to end.
	Patience time.Duration
	// Enter keeps a place in the queue for hashing until leave is called: a flood of attempts must not reach the
	// database, which everybody else needs.
	Enter func() (leave func(), err error)
	Now   func() time.Time // time.Now if nil
}

// Throttle lets guesses through as fast as Limits allow, in all replicas together: what counts stands in the
// database. A guess is counted as pending before it is verified, so that a thousand at once get no more tries than a
// thousand one after the other.
type Throttle struct {
	cfg   Config
	gates gates
	lines lines
}

// counted is one counter that a guess is counted under.
type counted struct {
	key      Key
	policy   Policy
	longest  time.Duration // the delay that it may bring
	forgives bool          // a right guess forgives the failures before it
}

// crowdedPause is how long to wait before the database is asked again whether other replicas' guesses have ended.
const crowdedPause = 25 * time.Millisecond

// New returns a Throttle.
func New(cfg Config) *Throttle {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	// The last in a line has to have its turn before its patience ends, the time to verify the others included.
	length := 0
	if cfg.Limits.KnownMaxDelay > 0 {
		length = int(cfg.Patience/cfg.Limits.KnownMaxDelay) - 1
	}
	return &Throttle{cfg: cfg, gates: gates{at: map[Key]*gate{}}, lines: lines{at: map[Key]*line{}, length: length}}
}

// now is the time to the microsecond, which both databases keep.
func (t *Throttle) now() time.Time { return t.cfg.Now().UTC().Truncate(time.Microsecond) }

// SignIn admits a guess of a password. At an address where the user has signed in before the delay is short, and guesses
// stand in line for its end: whoever hammers the name there has to wait as its owner does, and the owner gets a turn.
// Other names' failures at such an address do not count. Errors: *ThrottledError, password.ErrBusy, fault.ErrUnavailable.
func (t *Throttle) SignIn(ctx context.Context, scope Scope) (*Attempt, error) {
	timed, cancel := context.WithTimeout(ctx, t.cfg.Patience)
	defer cancel()
	policy := t.cfg.Limits.policy("name", t.cfg.Limits.PerName)
	name := counted{key: scope.nameKey(), policy: policy, longest: t.cfg.Limits.MaxDelay, forgives: true}
	address := counted{
		key: scope.addressKey(), policy: t.cfg.Limits.policy("address", t.cfg.Limits.PerAddress), longest: t.cfg.Limits.MaxDelay,
	}
	turn := t.lines.turn(name.key)
	defer turn.leave()
	if t.lines.formed(name.key) { // nobody overtakes those who wait
		if err := turn.take(timed); err != nil {
			return nil, orThrottled(ctx, &ThrottledError{RetryAfter: t.cfg.Limits.KnownMaxDelay, Policy: policy})
		}
	}
	for {
		admitted, known, err := t.trySignIn(ctx, timed, scope, name, address)
		throttled, ok := errors.AsType[*ThrottledError](err)
		if !ok || !known {
			return admitted, err
		}
		if err := turn.take(timed); err != nil || !sleep(timed, throttled.RetryAfter) {
			return nil, orThrottled(ctx, throttled)
		}
	}
}

func (t *Throttle) trySignIn(ctx, timed context.Context, scope Scope, name, address counted) (_ *Attempt, known bool, err error) {
	leave, err := t.cfg.Enter()
	if err != nil {
		return nil, false, err
	}
	known, err = t.cfg.Store.KnowsAddress(ctx, scope.Name, Network(scope.Address))
	if err != nil {
		leave()
		return nil, false, err
	}
	under := []counted{address, name}
	if known {
		name.longest = t.cfg.Limits.KnownMaxDelay
		under = []counted{name}
	}
	admitted, err := t.admit(ctx, timed, under, leave)
	return admitted, known, err
}

// Registration admits a new user, counted under the address that they come from, apart from guesses but with their
// delays. One that is made counts as a failed guess does. Without a limit it asks nothint. Errors: those of SignIn.
func (t *Throttle) Registration(ctx context.Context, scope Scope) (*Attempt, error) {
	free := t.cfg.Limits.Registrations
	if free == 0 || !scope.Address.IsValid() {
		return &Attempt{throttle: t, leave: func() {}}, nil
	}
	timed, cancel := context.WithTimeout(ctx, t.cfg.Patience)
	defer cancel()
	leave, err := t.cfg.Enter()
	if err != nil {
		return nil, err
	}
	return t.admit(ctx, timed, []counted{{
		key:    sha256.Sum256([]byte("registration\x00" + Network(scope.Address))),
		policy: t.cfg.Limits.policy("registrations", free), longest: t.cfg.Limits.MaxDelay,
	}}, leave)
}

// admit waits until other guesses leave room, as long as timed lasts; leave is what the guess does when it ends, or has
// not been admitted.
func (t *Throttle) admit(ctx, timed context.Context, under []counted, leave func()) (*Attempt, error) {
	leaveGates, err := t.gates.enter(timed, under)
	if err != nil {
		leave()
		return nil, orBusy(ctx)
	}
	one := &Attempt{throttle: t, under: under, leave: func() { leaveGates(); leave() }}
	for {
		verdict, refusal, err := t.ask(ctx, under)
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
func (t *Throttle) ask(ctx context.Context, under []counted) (verdict admission, refusal *ThrottledError, err error) {
	err = t.cfg.Store.UpdateGuesses(ctx, Update{Keys: keys(under), Change: func(counters []Counter) []Counter {
		verdict, refusal = admitted, nil
		now := t.now()
		after := make([]Counter, len(counters))
		for i, c := range counters {
			var v admission
			if after[i], v = c.admit(under[i].policy.Free, t.cfg.Limits, now); v > verdict {
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

func keys(under []counted) []Key {
	list := make([]Key, len(under))
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

func orThrottled(ctx context.Context, refusal *ThrottledError) error {
	if ctx.Err() != nil {
		return ctx.Err()
	}
	return refusal
}
