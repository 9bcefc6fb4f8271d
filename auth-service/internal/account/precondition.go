package account

// If is the precondition of a change. It gets the state before the change, nil if there is none, and reports whether the change may
// be made. It runs in the transaction of the change, so nobody changes the state in between. nil allows every change.
type If[T any] func(before *T) bool

// check returns ErrChangedMeanwhile if the change must not be made.
func (i If[T]) check(before *T) error {
	if i != nil && !i(before) {
		return ErrChangedMeanwhile
	}
	return nil
}
