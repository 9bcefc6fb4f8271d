package upstream

import (
	"sync"
	"sync/atomic"
	"time"
)

// A replica that fails is ejected for ejectFirst, twice as long after each further failure, up to ejectMax.
const (
	ejectFirst = time.Second
	ejectMax   = 30 * time.Second
	ejectAfter = 3 // failures in a row of a replica that takes connections
)

// ejection is the passive health of a replica: how its requests went.
type ejection struct {
	failures atomic.Int64 // in a row
	until    atomic.Int64 // watch milliseconds

	mu    sync.Mutex
	count int   // ejections since the last success
	cause error // of the last one
}

// active reports whether the replica is ejected.
func (e *ejection) active(now int64) bool { return e.until.Load() > now }

// failing reports whether the last request failed.
func (e *ejection) failing() bool { return e.failures.Load() > 0 }

// failed notes a failure, and reports whether it has ejected the replica for the first time since a success: later
// ejections are the same trouble.
func (e *ejection) failed(now int64, atOnce bool, why error) (first bool) {
	if e.failures.Add(1) < ejectAfter && !atOnce {
		return false
	}
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.until.Load() > now {
		return false // many requests meet one crash: that is one failure
	}
	d := min(ejectFirst<<min(e.count, 10), ejectMax)
	e.count++
	e.cause = why
	e.until.Store(now + d.Milliseconds())
	return e.count == 1
}

// why is the cause of the ejection that is active; nil if none is.
func (e *ejection) why(now int64) error {
	e.mu.Lock()
	defer e.mu.Unlock()
	if !e.active(now) {
		return nil
	}
	return e.cause
}

// reset forgets the failures and ends the ejection. It reports whether the replica had been ejected.
func (e *ejection) reset() bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	was := e.count > 0
	e.failures.Store(0)
	e.count, e.cause = 0, nil
	e.until.Store(0)
	return was
}
