package account

import (
	"context"
	"crypto/sha256"
)

// limitRegistration counts a new user against the address that they come from, and is a *ThrottledError past the free
// ones, with the delays of guesses. What it counts under is apart from guesses. Without a limit it asks nothing.
func (g *guard) limitRegistration(ctx context.Context, scope guessScope) error {
	free := g.limits.Registrations
	if free == 0 || !scope.address.IsValid() {
		return nil
	}
	var verdict admission
	var after GuessCounter
	key := GuessKey(sha256.Sum256([]byte("registration\x00" + scope.network())))
	err := g.store.UpdateGuesses(ctx, scope.name, scope.network(), []GuessKey{key},
		func(_ bool, counters []GuessCounter) []GuessCounter {
			now := g.now()
			after, verdict = counters[0].admit(free, g.limits, now)
			if verdict != admitted {
				return counters
			}
			return []GuessCounter{after.settle(guessedWrong, false, free, g.limits.MaxDelay, g.limits, now)}
		})
	if err == nil && verdict != admitted {
		return &ThrottledError{RetryAfter: after.BlockedUntil.Sub(g.now())}
	}
	return err
}
