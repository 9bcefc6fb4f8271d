package account

import (
	"context"
	"errors"
)

// guess is one admitted guess. It has to be finished, once.
type guess struct {
	guard *guard
	under []counted
	leave func()
}

// finish notes how the guess ended, also when the client is gone by now. carry, if not nil, does what a right guess leads
// to and notes the outcome in the same transaction; if that fails, nothing was verified.
func (g *guess) finish(ctx context.Context, o outcome, carry func(GuessUpdate) error) error {
	defer g.leave()
	if carry == nil {
		return g.settle(ctx, o)
	}
	if err := carry(g.settlement(o)); err != nil {
		return errors.Join(err, g.settle(ctx, notVerified))
	}
	return nil
}

func (g *guess) settle(ctx context.Context, o outcome) error {
	if len(g.under) == 0 {
		return nil
	}
	return g.guard.store.UpdateGuesses(context.WithoutCancel(ctx), g.settlement(o))
}

// settlement is the change of the counters that an outcome brings.
func (g *guess) settlement(o outcome) GuessUpdate {
	return GuessUpdate{Keys: keys(g.under), Change: func(counters []GuessCounter) []GuessCounter {
		after := make([]GuessCounter, len(counters))
		for i, c := range counters {
			u := g.under[i]
			after[i] = c.settle(o, u.forgives, u.policy.Free, u.longest, g.guard.limits, g.guard.now())
		}
		return after
	}}
}
