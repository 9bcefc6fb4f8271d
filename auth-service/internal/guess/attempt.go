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
	NotVerified // given up before anything was compared, or right as far as it went. Neither counts nor resets
)

// ErrWrong is what an error of FinishWith's do wraps if it means that the attempt was wrong after all.
var ErrWrong = errors.New("what was tried is wrong")

// Finish records how the attempt ended, even if the client is gone.
func (a *Attempt) Finish(ctx context.Context, o Outcome) error {
	defer a.end()
	return a.settle(ctx, o)
}

// FinishWith is Finish inside another transaction: do gets the change of the counters and makes it there. If do fails,
// the attempt counts as not verified, or as wrong if the error is an ErrWrong.
func (a *Attempt) FinishWith(ctx context.Context, o Outcome, do func(Update) error) error {
	defer a.end()
	err := do(a.settlement(o))
	if err == nil {
		return nil
	}
	failed := NotVerified
	if errors.Is(err, ErrWrong) {
		failed = Wrong
	}
	return errors.Join(err, a.settle(ctx, failed))
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
	a.throttle.renewals.remove(a)
	a.place.Leave()
	for _, c := range a.under {
		a.throttle.queues.attemptEnded(c.key)
	}
}
