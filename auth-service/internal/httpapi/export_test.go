package httpapi

import "tallygate/auth-service/internal/ledger"

// ReadQuestion lets a fuzz target call readQuestion.
func ReadQuestion(rawQuery string) (ledger.Question, error) { return readQuestion(rawQuery) }
