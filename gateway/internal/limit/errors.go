package limit

import (
	"errors"
	"fmt"
	"time"
)

// Why a call does not pass.
var (
	// ErrExceeded: the user has to wait. A RateError or a QuotaError says for how long.
	ErrExceeded = errors.New("the user has made all calls that a limit allows")
	// ErrUnchecked: the ledger does not say what remains of a quota.
	ErrUnchecked = errors.New("the quota cannot be checked")
)

// RateError is ErrExceeded by the rate of a route.
type RateError struct {
	Route string
	Rate  Rate
	Wait  time.Duration // until the next call passes
}

// Error names the route.
func (e *RateError) Error() string { return fmt.Sprintf("rate of route %s: %v", e.Route, ErrExceeded) }

// Unwrap is ErrExceeded.
func (e *RateError) Unwrap() error { return ErrExceeded }

// QuotaError is ErrExceeded by a quota.
type QuotaError struct {
	Name  string // month, day or key
	Quota int64  // in units
	// Left is less than Cost, what the call costs.
	Left, Cost int64
	// Begins and Ends bound the day or month.
	Begins, Ends time.Time
	// Reserved: other gateways hold the last units. Those that they do not use come back within Wait.
	Reserved bool
	Wait     time.Duration // until calls may pass again
}

// Error names the quota and its period.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("quota %s from %s: %v", e.Name, e.Begins.Format(time.DateOnly), ErrExceeded)
}

// Unwrap is ErrExceeded.
func (e *QuotaError) Unwrap() error { return ErrExceeded }

// refusal refuses a call until the share's period ends. If other gateways hold units, it refuses only until these come back.
// s.mu is held.
func (s *share) refusal(c *Claim, now time.Time) *QuotaError {
	e := &QuotaError{
		Name: s.kind.String(), Quota: s.quota, Left: max(s.remaining+s.left, 0), Cost: max(c.Cost, 1),
		Begins: s.begins(), Ends: s.ends(), Wait: s.ends().Sub(c.At),
	}
	if held := s.returnBy.Sub(now); held > 0 && held < e.Wait {
		e.Reserved, e.Wait = true, held
	}
	return e
}

// longer is the refusal with the longer wait; a may be nil.
func longer(a, b *QuotaError) *QuotaError {
	if a == nil || b.Wait > a.Wait {
		return b
	}
	return a
}
