package fault

import (
	"errors"
	"fmt"
)

// ErrUnavailable means that the database is not available now. Every Store returns it. Nothing was changed, unless the
// connection broke while a change was committed.
var ErrUnavailable = errors.New("database is not available")

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
