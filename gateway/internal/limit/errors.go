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
	// ErrUnchecked: the ledger does not say what remains of a monthly quota.
	ErrUnchecked = errors.New("the monthly quota cannot be checked")
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

// QuotaError is ErrExceeded by a monthly quota.
type QuotaError struct {
	Quota int64
	// Begins and Ends bound the month.
	Begins, Ends time.Time
	// Reserved: other gateways hold the last calls. Those that they do not use come back within Wait.
	Reserved bool
	Wait     time.Duration // until calls may pass again
}

// Error names the month.
func (e *QuotaError) Error() string {
	return fmt.Sprintf("quota of month %s: %v", monthOf(e.Begins), ErrExceeded)
}

// Unwrap is ErrExceeded.
func (e *QuotaError) Unwrap() error { return ErrExceeded }
