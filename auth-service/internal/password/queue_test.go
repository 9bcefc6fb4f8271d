package password_test

import (
	"context"
	"errors"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"tallygate/auth-service/internal/password"
)

func ada() password.Claim { return password.Claim{Network: "192.0.2.1", Kind: password.SignIn} }

func TestQueueShedsWhatDoesNotFit(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 3, Wait: 5 * time.Second})
		release := make(chan struct{})
		var ran, busy atomic.Int64
		start := time.Now()
		var all sync.WaitGroup
		for range 10 {
			all.Go(func() {
				err := q.Place(ada()).Do(t.Context(), 1, 1, func() { <-release })
				switch {
				case err == nil:
					ran.Add(1)
				case errors.Is(err, password.ErrBusy):
					busy.Add(1)
				}
			})
		}
		synctest.Wait()
		if busy.Load() != 5 || time.Since(start) != 0 || q.Waiting(password.SignIn) != 3 {
			t.Errorf("at once: %d busy, %d waiting, want 5 and 3", busy.Load(), q.Waiting(password.SignIn))
		}
		time.Sleep(5 * time.Second)
		synctest.Wait()
		if busy.Load() != 8 || q.Waiting(password.SignIn) != 0 {
			t.Errorf("after the wait: %d busy, %d waiting, want 8 and 0", busy.Load(), q.Waiting(password.SignIn))
		}
		close(release)
		all.Wait()
		if ran.Load() != 2 {
			t.Errorf("%d ran, want 2", ran.Load())
		}
	})
}

func TestQueueLetsInNoMoreThanItCanHold(t *testing.T) {
	t.Parallel()
	q := password.NewQueue(password.QueueConfig{Workers: 2, Waiting: 3, Wait: time.Hour})
	var place *password.Place
	for range 5 {
		place = q.Place(ada())
		if err := place.Enter(); err != nil {
			t.Fatal(err)
		}
	}
	if err := q.Place(ada()).Enter(); !errors.Is(err, password.ErrBusy) {
		t.Errorf("the sixth: got %v, want ErrBusy", err)
	}
	if err := place.Enter(); err != nil {
		t.Errorf("one that is taken: got %v", err)
	}
	place.Leave()
	place.Leave() // once is enough
	if err := q.Place(ada()).Enter(); err != nil {
		t.Errorf("after one has left: got %v", err)
	}
}

func TestClientWhoLeavesTheQueueIsNotServed(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		q := password.NewQueue(password.QueueConfig{Workers: 1, Waiting: 1, Wait: time.Hour})
		release := make(chan struct{})
		go func() { _ = q.Place(ada()).Do(context.Background(), 1, 1, func() { <-release }) }()
		synctest.Wait()
		ctx, cancel := context.WithCancel(t.Context())
		left := make(chan error, 1)
		go func() { left <- q.Place(ada()).Do(ctx, 1, 1, func() { t.Error("it ran") }) }()
		synctest.Wait()
		cancel()
		if err := <-left; !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want Canceled", err)
		}
		close(release)
	})
}
