package store_test

import (
	"context"
	"errors"
	"sync"
	"testing"

	"tallygate/auth-service/internal/fault"
)

func TestFourReplicasStartAtOnceOnAnEmptyDatabase(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		var all sync.WaitGroup
		for range 4 {
			db := openUnstarted(t, url)
			all.Go(func() {
				if err := db.Start(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		insert(t, open(t, url), "ada")
	})
}

func TestStoreIsNotReadyBeforeItIsStarted(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		db := openUnstarted(t, url)
		if err := db.Ready(t.Context()); !errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if _, err := db.UserByName(t.Context(), "ada"); !errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("got %v, want ErrUnavailable", err)
		}
		if err := db.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		if err := db.Ready(t.Context()); err != nil {
			t.Errorf("got %v, want nil", err)
		}
	})
}

func TestCallersOwnCancellationIsNoOutage(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.UserByName(ctx, "ada"); !errors.Is(err, context.Canceled) || errors.Is(err, fault.ErrUnavailable) {
			t.Errorf("got %v, want Canceled", err)
		}
	})
}
