package guess

import (
	"context"
	"errors"
)

// Attempt is one admitted attempt. It has to be finished, once.
type Attempt struct {
	throttle *Throttle
	under    []counted
	leave    func()
}

// Finish notes how the guess ended, also when the client is gone by now. carry, if not nil, does what a right guess leads
// to and notes the outcome in the same transaction; if that fails, nothing was verified.
func (a *Attempt) Finish(ctx context.Context, o Outcome, carry func(Update) error) error {
	defer a.leave()
	if carry == nil {
		return a.settle(ctx, o)
	}
	if err := carry(a.settlement(o)); err != nil {
		return errors.Join(err, a.settle(ctx, NotVerified))
	}
	return nil
}

func (a *Attempt) settle(ctx context.Context, o Outcome) error {
	if len(a.under) == 0 {
		return nil
	}
	return a.throttle.cfg.Store.UpdateGuesses(context.WithoutCancel(ctx), a.settlement(o))
}

// settlement is the change of the counters that an outcome brings.
func (a *Attempt) settlement(o Outcome) Update {
	return Update{Keys: keys(a.under), Change: func(counters []Counter) []Counter {
		after := make([]Counter, len(counters))
		for i, c := range counters {
			u := a.under[i]
			after[i] = c.settle(o, u.forgives, u.policy.Free, u.longest, a.throttle.cfg.Limits, a.throttle.now())
		}
		return after
	}}
}

// Outcome is how an attempt ended.
type Outcome int

// The outcomes.
const (
	Wrong Outcome = iota
	Right
	NotVerified // given up before anything was compared
)
