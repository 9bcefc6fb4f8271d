package guess

import (
	"context"
	"slices"
	"time"
)

// crowdedPause is how long the first in a queue waits before it asks the database whether other replicas' attempts have
// ended. Those of this process wake it.
const crowdedPause = 25 * time.Millisecond

// admission is an attempt on its way to being admitted.
type admission struct {
	throttle *Throttle
	place    Place
	turns    []*turn         // one for each counter, each the first in its queue while the database is asked
	patience context.Context // ends when the attempt has waited long enough
	// waitsForDelays is true where attempts wait for the end of a delay. Elsewhere they are throttled at once.
	waitsForDelays bool
}

// newAdmission begins an admission. end ends it, whether the attempt was admitted or not.
func (t *Throttle) newAdmission(ctx context.Context, place Place) (a *admission, end func()) {
	patience, cancel := context.WithTimeout(ctx, t.cfg.Patience)
	a = &admission{throttle: t, place: place, patience: patience}
	return a, func() {
		cancel()
		for _, turn := range a.turns {
			turn.leave()
		}
	}
}

// behindOthers waits for those who came before under the same counter.
func (a *admission) behindOthers(ctx context.Context, c counted) error {
	a.place.Leave()
	turn := a.throttle.queues.turn(c.key)
	a.turns = append(a.turns, turn)
	return orGone(ctx, turn.join(a.patience))
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
			return &Attempt{throttle: a.throttle, place: a.place, under: under}, nil
		}
		a.place.Leave()
		if err == nil {
			err = orGone(ctx, a.wait(*refused))
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
		a.throttle.queues.refuse(r.by.key, 1, r.blocked) // nobody else has to ask the database
		return r.blocked
	}
	i := slices.IndexFunc(a.turns, func(t *turn) bool { return t.key == r.by.key })
	later := a.turns[i+1:]
	for _, turn := range later {
		turn.leave() // others of the address need not wait for this name
	}
	if err := a.pauseFor(r, a.turns[i]); err != nil {
		return err
	}
	for _, turn := range later {
		if err := turn.join(a.patience); err != nil {
			return err
		}
	}
	return nil
}

func (a *admission) pauseFor(r refused, turn *turn) error {
	if r.blocked == nil {
		return a.pause(crowdedPause, turn.ended, ErrCrowded)
	}
	queues := a.throttle.queues
	queues.refuse(r.by.key, queues.throttled, &ThrottledError{
		RetryAfter: a.throttle.cfg.Limits.KnownMaxDelay, Policy: r.by.policy,
	})
	return a.pause(r.blocked.RetryAfter, nil, r.blocked)
}

// pause returns nil after d or when something comes from wake, and impatient when patience ends before.
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

// count puts the attempt to the counters: all admit it, or none counts it.
func (t *Throttle) count(ctx context.Context, under []counted) (r *refused, err error) {
	err = t.cfg.Store.UpdateGuesses(ctx, Update{Keys: keys(under), Change: func(counters []Counter) []Counter {
		r = nil
		worst := admitted
		now := t.now()
		after := make([]Counter, len(counters))
		for i, c := range counters {
			var d decision
			if after[i], d = c.admit(under[i].policy.Free, t.cfg.Limits, now); d <= worst {
				continue
			}
			worst, r = d, &refused{by: under[i]}
			if d == blocked {
				r.blocked = &ThrottledError{RetryAfter: after[i].BlockedUntil.Sub(now), Policy: under[i].policy}
			}
		}
		if r != nil {
			return counters
		}
		return after
	}})
	return r, err
}

// orGone prefers the end of the caller's own ctx to an error that came of it.
func orGone(ctx context.Context, err error) error {
	if err != nil && ctx.Err() != nil {
		return ctx.Err()
	}
	return err
}
