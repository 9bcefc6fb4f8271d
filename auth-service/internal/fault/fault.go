package fault

import (
	"errors"
	"fmt"
)

// ErrUnavailable means that the database is not available now. Every Store returns it. Nothing was changed, unless the
// connection broke while a change was committed.
var ErrUnavailable = errors.New("database is not available")

// ErrBusy is an ErrUnavailable: the database can be reached, and the call did not get its turn or did not end in time.
// Nothing was changed, unless the time was over while a change was committed.
var ErrBusy = fmt.Errorf("%w in time", ErrUnavailable)

// ErrCrowded means that too many calls of one account wait for each other. Nothing was changed.
var ErrCrowded = errors.New("too many calls of one account at once")

// CrowdedPast is how many calls of one account may wait.
const CrowdedPast = 128

// InvalidError means that a field has a value that is never valid.
type InvalidError struct {
	Field  string
	Reason string // a sentence for people
}

// Invalid returns an InvalidError.
func Invalid(field, reason string) *InvalidError {
	return &InvalidError{Field: field, Reason: reason}
}

func (i *InvalidError) Error() string { return fmt.Sprintf("%s: %s", i.Field, i.Reason) }
