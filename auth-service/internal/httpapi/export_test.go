package httpapi

import (
	"errors"

	"tallygate/auth-service/internal/ledger"
)

// ReadQuestion lets a fuzz target call readQuestion.
func ReadQuestion(rawQuery string) (ledger.Question, error) { return readQuestion(rawQuery) }

// IsInvalid reports whether err says that a parameter or a member is wrong.
func IsInvalid(err error) bool {
	_, wrong := errors.AsType[*invalidError](err)
	return wrong
}
