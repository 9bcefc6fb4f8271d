package check

import "errors"

// Why a call does not pass although nothing was found wrong with its token. A later try may pass.
var (
	// ErrNotReady: the gateway has just started and knows of no revocations.
	ErrNotReady = errors.New("auth-service has not been reached yet")
	// ErrStale: the feed of changes has been silent for longer than Config.MaxStaleness.
	ErrStale = errors.New("revocations have not been heard of for too long")
	// ErrLookup: nothing is known of the user, and auth-service does not answer.
	ErrLookup = errors.New("the user cannot be looked up")
)
