package guess

import (
	"context"
	"slices"
	"time"
)

// recheckPause is how long the first in a queue waits before it reads the counters again, because attempts in other
// replicas may have ended. Attempts of this process wake it when they end.
const recheckPause = 25 * time.Millisecond

// admission is an attempt on its way to being admitted.
type admission struct {
	throttle *Throttle
	place    Place
	network  string
	waiters  []*waiter       // one for each counter, each the first in its queue while the counters are read
	patience context.Context // ends when the attempt has waited long enough
	// waitsForDelays is true where attempts wait for the end of a delay. Elsewhere they are throttled at once.
	waitsForDelays bool
}

// newAdmission begins an admission. end ends it, whether the attempt was admitted or not.
func (t *Throttle) newAdmission(ctx context.Context, place Place, s Scope) (a *admission, end func()) {
	patience, cancel := context.WithTimeout(ctx, t.cfg.Patience)
	a = &admission{throttle: t, place: place, network: Network(s.Address), patience: patience}
	return a, func() {
		cancel()
		for _, w := range a.waiters {
			w.leave()
		}
	}
}

// joinQueue waits until the attempt is the first in the queue of the counter. Meanwhile it holds no place.
func (a *admission) joinQueue(ctx context.Context, c counted) error {
	a.place.Leave()
	w := a.throttle.queues.newWaiter(c.key, a.network)
	a.waiters = append(a.waiters, w)
	return orClientGone(ctx, w.join(a.patience))
}

// admit counts the attempt under all the counters as soon as all of them admit it. It has to be the first in all their
// queues. On success the place is held.
func (a *admission) admit(ctx context.Context, under []counted) (*Attempt, error) {
	for {
		if err := a.place.Enter(); err != nil {
			return nil, err
		}
		refused, err := a.throttle.count(ctx, under)
		if err == nil && refused == nil {
			attempt := &Attempt{throttle: a.throttle, place: a.place, under: under}
			a.throttle.renewals.add(attempt)
			return attempt, nil
		}
		a.place.Leave()
		if err == nil {
			err = orClientGone(ctx, a.wait(*refused))
		}
		if err != nil {
			return nil, err
		}
	}
}

// refused is the counter that does not admit an attempt now.
type refused struct {
	by      counted
	blocked *ThrottledError // nil: other attempts have to end first
}

// wait returns nil when the counter may admit the attempt.
func (a *admission) wait(r refused) error {
	if r.blocked != nil && !a.waitsForDelays {
		a.throttle.queues.refuse(r.by.key, 1, r.blocked) // nobody else has to read the counter
		return r.blocked
	}
	i := slices.IndexFunc(a.waiters, func(w *waiter) bool { return w.key == r.by.key })
	later := a.waiters[i+1:]
	for _, w := range later {
		w.leave() // others of the address need not wait for this name
	}
	if err := a.pauseFor(r, a.waiters[i]); err != nil {
		return err
	}
	for _, w := range later {
		if err := w.join(a.patience); err != nil {
			return err
		}
	}
	return nil
}

func (a *admission) pauseFor(r refused, w *waiter) error {
	if r.blocked == nil {
		return a.pause(recheckPause, w.ended, ErrTooManyAtOnce)
	}
	queues := a.throttle.queues
	queues.refuse(r.by.key, queues.throttled, &ThrottledError{
		RetryAfter: a.throttle.cfg.Limits.KnownMaxDelay, Policy: r.by.policy,
	})
	return a.pause(r.blocked.RetryAfter, nil, r.blocked)
}

// pause returns nil after d or an entry of wake. If patience ends before, it returns impatient.
func (a *admission) pause(d time.Duration, wake <-chan struct{}, impatient error) error {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-wake:
		return nil
	case <-a.patience.Done():
		return impatient
	}
}

// count counts the attempt under all counters if all admit it. Otherwise none counts it, and r says which one refused.
func (t *Throttle) count(ctx context.Context, under []counted) (r *refused, err error) {
	err = t.cfg.Store.UpdateGuesses(ctx, updateOf(under, func(counters []Counter) []Counter {
		r = nil
		worst := admitted
		now := t.now()
		after := make([]Counter, len(counters))
		for i, c := range counters {
			var d decision
			after[i], d = c.admit(under[i].policy.Free, t.cfg.Limits, now)
			wait := after[i].BlockedUntil.Sub(now)
			if d < worst || d == worst && (d != blocked || wait <= r.blocked.RetryAfter) {
				continue
			}
			worst, r = d, &refused{by: under[i]}
			if d == blocked { // of several, the longest delay counts
				r.blocked = &ThrottledError{RetryAfter: wait, Policy: under[i].policy}
			}
		}
		if r != nil {
			return counters
		}
		return after
	}))
	return r, err
}

// orClientGone returns the error of the caller's own ctx instead of err, if ctx has ended.
func orClientGone(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
