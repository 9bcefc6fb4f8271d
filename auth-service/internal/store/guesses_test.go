package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
)

func TestAFloodOfGuessesLeavesConnectionsToOthers(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		under, hold := make(chan struct{}, 1), make(chan struct{})
		var flood sync.WaitGroup
		defer flood.Wait()
		defer close(hold)
		for i := range 100 {
			flood.Go(func() {
				err := db.UpdateGuesses(context.Background(), guess.Update{
					Keys: []guess.Key{{byte(i)}},
					Change: func(counters []guess.Counter) []guess.Counter {
						select {
						case under <- struct{}{}:
						default:
						}
						<-hold
						return counters
					},
				})
				// Calls that waited too long are refused.
				if err != nil && !errors.Is(err, fault.ErrUnavailable) {
					t.Error(err)
				}
			})
		}
		<-under // so many as are let in hold their connections now, or soon
		ctx, cancel := context.WithTimeout(t.Context(), 2*time.Second)
		defer cancel()
		for range 20 {
			if _, err := db.UserByName(ctx, "ada"); !errors.Is(err, account.ErrNoUser) {
				t.Fatalf("another call: got %v, want ErrNoUser", err)
			}
		}
	})
}
