package guess

import (
	"context"
	"errors"
)

// Attempt is an attempt that was admitted. It has to be finished, once.
type Attempt struct {
	throttle *Throttle
	place    Place
	under    []counted
}

// Outcome is how an attempt ended.
type Outcome int

// The outcomes.
const (
	Wrong Outcome = iota
	Right
	NotVerified // given up before anything was compared
)

// Finish records how the attempt ended, even if the client is gone.
func (a *Attempt) Finish(ctx context.Context, o Outcome) error {
	defer a.end()
	return a.settle(ctx, o)
}

// FinishWith is Finish inside another transaction: do gets the change of the counters and makes it there. If do fails,
// the attempt counts as not verified.
func (a *Attempt) FinishWith(ctx context.Context, o Outcome, do func(Update) error) error {
	defer a.end()
	if err := do(a.settlement(o)); err != nil {
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

// settlement is the change of the counters after an outcome.
func (a *Attempt) settlement(o Outcome) Update {
	return updateOf(a.under, func(counters []Counter) []Counter {
		after := make([]Counter, len(counters))
		for i, c := range counters {
			after[i] = c.settle(o, a.under[i], a.throttle.cfg.Limits, a.throttle.now())
		}
		return after
	})
}

// end gives the place back and wakes the next attempt of each queue.
func (a *Attempt) end() {
	a.place.Leave()
	for _, c := range a.under {
		a.throttle.queues.attemptEnded(c.key)
	}
}
