package guess

import (
	"context"
	"time"
)

// Config is what a Throttle is made of. All but Now are required.
type Config struct {
	Store  Store
	Limits Limits
	// Patience is how long an attempt waits for others of the same name or address.
	Patience time.Duration
	Now      func() time.Time // time.Now if nil
}

// Place is one attempt's place among those that are verified or wait for it. Their number is bounded: a flood of attempts
// must not reach the database, which everybody else needs. An attempt gives its place back while it waits for others of
// its name or address.
type Place interface {
	// Enter takes the place, or returns an error at once.
	Enter() error
	// Leave gives it back. Without a place it does nothing.
	Leave()
}

// Throttle admits attempts as fast as Limits allow, in all replicas together. Safe for concurrent use.
type Throttle struct {
	cfg      Config
	queues   *queues
	renewals *renewals
}

// New returns a Throttle.
func New(cfg Config) *Throttle {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	// The last in a queue has to be verified before its patience ends.
	throttled := 0
	if cfg.Limits.KnownMaxDelay > 0 {
		throttled = int(cfg.Patience/cfg.Limits.KnownMaxDelay) - 1
	}
	t := &Throttle{cfg: cfg, queues: newQueues(throttled)}
	t.renewals = newRenewals(cfg.Store, t.now)
	return t
}

// now is the time to the microsecond, which both databases keep.
func (t *Throttle) now() time.Time { return t.cfg.Now().UTC().Truncate(time.Microsecond) }

// SignIn admits an attempt to sign in. The attempts of one name are admitted one after the other. At a known address the
// delay is short and attempts wait for its end. So the owner waits in the same queue as those who guess the name, and is
// admitted too. Other names' failures at such an address, and failures of the name elsewhere, do not count. Errors: *ThrottledError, ErrTooManyAtOnce,
// fault.ErrUnavailable, those of place.
func (t *Throttle) SignIn(ctx context.Context, scope Scope, place Place) (*Attempt, error) {
	a, end := t.newAdmission(ctx, place, scope)
	defer end()
	name := t.nameCounter(scope)
	if err := a.joinQueue(ctx, name); err != nil {
		return nil, err
	}
	known, err := t.known(ctx, scope, place)
	if err != nil {
		return nil, err
	}
	if known {
		name.longest = t.cfg.Limits.KnownMaxDelay
		a.waitsForDelays = t.queues.throttled > 0
		return a.admit(ctx, []counted{name})
	}
	under := t.elsewhere(scope)
	for _, c := range under {
		if err := a.joinQueue(ctx, c); err != nil {
			return nil, err
		}
	}
	return a.admit(ctx, append(under, name))
}

// Code admits an attempt a second time, after its password was right: to try a one-time code. Wrong codes of a name count
// together, whatever the address, with the long delay also at known addresses, and no success resets them. A code has six
// digits: at one try a second, whoever knows the password would find one in days. Only those who know it come so far, so
// nobody else can keep the owner out by this. The attempt has to be finished in any case. Errors: those of SignIn.
func (t *Throttle) Code(ctx context.Context, attempt *Attempt, scope Scope) error {
	a, end := t.newAdmission(ctx, attempt.place, scope)
	defer end()
	c := t.counter("code", t.cfg.Limits.PerName, "code\x00"+scope.Name, false).of(scope.Name)
	if err := a.joinQueue(ctx, c); err != nil {
		return err
	}
	next, err := a.admit(ctx, []counted{c})
	if err != nil {
		return err
	}
	t.renewals.join(attempt, next)
	return nil
}

// Registration admits a new user. New users are counted under their address, not together with attempts to sign in but
// with the same delays. Each new user counts as a failed attempt. Without a limit nothing is counted. Errors: those of
// SignIn.
func (t *Throttle) Registration(ctx context.Context, scope Scope, place Place) (*Attempt, error) {
	if t.cfg.Limits.Registrations == 0 || !scope.Address.IsValid() {
		return &Attempt{throttle: t, place: place}, nil
	}
	return t.underAddress(ctx, place, scope, t.registrationCounters(scope))
}

// Reset admits an attempt with a reset token that is not valid. Such attempts are counted under their address, apart from others,
// with as many free ones as failures of sign-ins. They verify no password and need no place. Errors: those of SignIn.
func (t *Throttle) Reset(ctx context.Context, scope Scope) (*Attempt, error) {
	return t.underAddress(ctx, noPlace{}, scope, t.resetCounters(scope))
}

// noPlace is the place of an attempt that verifies nothing.
type noPlace struct{}

func (noPlace) Enter() error { return nil }

func (noPlace) Leave() {}

// underAddress admits an attempt that is counted under counters of its address alone.
func (t *Throttle) underAddress(ctx context.Context, place Place, scope Scope, under []counted) (*Attempt, error) {
	a, end := t.newAdmission(ctx, place, scope)
	defer end()
	for _, c := range under {
		if err := a.joinQueue(ctx, c); err != nil {
			return nil, err
		}
	}
	return a.admit(ctx, under)
}

// known reports whether the user has signed in at the address before.
func (t *Throttle) known(ctx context.Context, scope Scope, place Place) (bool, error) {
	if err := place.Enter(); err != nil {
		return false, err
	}
	known, err := t.cfg.Store.KnowsAddress(ctx, scope.Name, Network(scope.Address))
	if err != nil {
		place.Leave()
	}
	return known, err
}
