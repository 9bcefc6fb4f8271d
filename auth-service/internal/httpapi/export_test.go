package httpapi

import (
	"errors"

	"tallygate/auth-service/internal/ledger"
)

// ReadReportRequest lets a fuzz target call readReportRequest.
func ReadReportRequest(rawQuery string) (ledger.ReportRequest, error) {
	return readReportRequest(rawQuery)
}

// IsInvalid reports whether err says that a parameter or a member is wrong.
func IsInvalid(err error) bool {
	_, wrong := errors.AsType[*invalidError](err)
	return wrong
}
