package limit_test

import (
	"errors"
	"sync"
	"sync/atomic"
	"testing"

	"tallygate/gateway/internal/limit"
)

func TestAUserHasNoMoreCallsInFlightThanThePlanAllows(t *testing.T) {
	t.Parallel()
	var f limit.InFlight
	for range 3 {
		if err := f.Enter(7, 3); err != nil {
			t.Fatal(err)
		}
	}
	if err, ok := errors.AsType[*limit.InFlightError](f.Enter(7, 3)); !ok || err.Most != 3 || !errors.Is(err, limit.ErrExceeded) {
		t.Errorf("the fourth: got %v", err)
	}
	if err := f.Enter(71, 1); err != nil { // the same lane
		t.Errorf("another user: got %v", err)
	}
	f.Leave(7)
	if err := f.Enter(7, 3); err != nil {
		t.Errorf("after one has ended: got %v", err)
	}
}

func TestCallsThatComeAndGoAtOnceAreCountedRight(t *testing.T) {
	t.Parallel()
	var f limit.InFlight
	var open, most atomic.Int64
	var all sync.WaitGroup
	for range 16 {
		all.Go(func() {
			for range 2000 {
				if f.Enter(7, 5) != nil {
					continue
				}
				if n := open.Add(1); n > most.Load() {
					most.Store(n)
				}
				open.Add(-1)
				f.Leave(7)
			}
		})
	}
	all.Wait()
	if most.Load() > 5 {
		t.Errorf("%d at once", most.Load())
	}
	for range 5 {
		if err := f.Enter(7, 5); err != nil {
			t.Error(err)
		}
	}
}
