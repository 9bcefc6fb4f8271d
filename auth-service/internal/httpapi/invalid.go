package httpapi

// invalidError means that a query parameter or a member of a body does not have the form that this API requires. What
// the domain does not accept is a fault.InvalidError.
type invalidError struct {
	field  string
	reason string // a sentence for people
}

func invalid(field, reason string) *invalidError { return &invalidError{field: field, reason: reason} }

func (i *invalidError) Error() string { return i.field + ": " + i.reason }
