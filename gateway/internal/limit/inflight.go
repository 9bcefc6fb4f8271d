package limit

import (
	"fmt"
	"sync"
)

// InFlight bounds the calls of each user that are open at this gateway. Safe for concurrent use. The zero value is ready.
type InFlight struct {
	lanes [lanes]inFlightLane
}

type inFlightLane struct {
	mu    sync.Mutex
	calls map[int64]int64 // by user; only those that have some
}

// InFlightError is ErrExceeded by the number of open calls.
type InFlightError struct{ Most int64 }

// Error names the bound.
func (e *InFlightError) Error() string {
	return fmt.Sprintf("%d calls in flight: %v", e.Most, ErrExceeded)
}

// Unwrap is ErrExceeded.
func (e *InFlightError) Unwrap() error { return ErrExceeded }

// Enter opens a call of a user who may have so many. Leave has to follow if there is no error. Errors: *InFlightError.
func (f *InFlight) Enter(userID, most int64) error {
	lane := &f.lanes[uint64(userID)%lanes]
	lane.mu.Lock()
	defer lane.mu.Unlock()
	if lane.calls[userID] >= most {
		return &InFlightError{Most: most}
	}
	if lane.calls == nil {
		lane.calls = map[int64]int64{}
	}
	lane.calls[userID]++
	return nil
}

// Leave closes a call of the user.
func (f *InFlight) Leave(userID int64) {
	lane := &f.lanes[uint64(userID)%lanes]
	lane.mu.Lock()
	defer lane.mu.Unlock()
	if lane.calls[userID]--; lane.calls[userID] <= 0 {
		delete(lane.calls, userID)
	}
}
