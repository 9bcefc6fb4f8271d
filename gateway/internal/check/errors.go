package check

import "errors"

// Why a call does not pass although nothing was found wrong with its token. A later try may pass.
var (
	// ErrNotReady: the gateway has just started and knows no revocations yet.
	ErrNotReady = errors.New("auth-service has not been reached yet")
	// ErrStale: the feed of changes has been silent for longer than Config.MaxStaleness.
	ErrStale = errors.New("the feed of changes has been silent for too long")
	// ErrLookup: nothing is known of the user, and auth-service does not respond.
	ErrLookup = errors.New("the user cannot be looked up")
	// ErrRole: the user has none of the roles that the call needs.
	ErrRole = errors.New("the user has none of the roles that the call needs")
	// ErrUserTickets: the user has used as many tickets as a user may within their life.
	ErrUserTickets = errors.New("the user has used too many tickets")
	// ErrTickets: all users together have.
	ErrTickets = errors.New("too many tickets have been used")
)
