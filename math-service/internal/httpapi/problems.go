package httpapi

import (
	"errors"
	"fmt"
	"net/http"

	"tallygate/kit/problem"
	"tallygate/math-service/internal/calc"
)

// What can be wrong with the query. Package calc has errors for the numbers.
var (
	errQuery    = errors.New("unreadable query")
	errAbsent   = errors.New("absent")
	errEmpty    = errors.New("empty")
	errRepeated = errors.New("repeated")
)

// parameterError is something wrong with one query parameter.
type parameterError struct {
	name  string
	cause error
}

func (e *parameterError) Error() string { return e.name + ": " + e.cause.Error() }

func (e *parameterError) Unwrap() error { return e.cause }

// table has the problem for each error. A %s in a sentence stands for the parameter's name.
func table() []struct {
	cause  error
	status int
	slug   string
	detail string
} {
	const unprocessable = http.StatusUnprocessableEntity
	return []struct {
		cause  error
		status int
		slug   string
		detail string
	}{
		{errQuery, http.StatusBadRequest, "malformed-query", "The query is malformed: separate parameters by & and encode other signs as %XX."},
		{errAbsent, unprocessable, "parameter-missing", "The parameter %s is missing: /root needs number and n."},
		{errEmpty, unprocessable, "parameter-empty", "The parameter %s is empty."},
		{errRepeated, unprocessable, "parameter-repeated", "The parameter %s is given more than once."},
		{calc.ErrNotANumber, unprocessable, "not-a-number", "The parameter %s is not a decimal number such as 88, -0.5 or 1e-3."},
		{calc.ErrOutOfRange, unprocessable, "number-out-of-range", "The parameter %s is out of range: the largest number is 1.7976931348623157e308."},
		{calc.ErrZeroToNegative, unprocessable, "zero-to-negative-power", "number is 0 and n is negative: zero to a negative power has no value."},
		{calc.ErrNegativeToFractional, unprocessable, "negative-to-fractional-power", "number is negative and n is not a whole number: the power is not a real number."},
		{calc.ErrOverflow, unprocessable, "result-out-of-range", "number to the power n is out of range: the largest number is 1.7976931348623157e308."},
	}
}

func problems(err error) *problem.Details {
	for _, row := range table() {
		if !errors.Is(err, row.cause) {
			continue
		}
		detail := row.detail
		if parameter, ok := errors.AsType[*parameterError](err); ok {
			detail = fmt.Sprintf(row.detail, parameter.name)
		}
		return problem.New(row.status, row.slug, detail)
	}
	return nil
}
