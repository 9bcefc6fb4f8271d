package httpapi

import (
	"errors"

	"tallygate/auth-service/internal/ledger"
)

// ReadReportRequest lets a fuzz target read the parameters of a report.
func ReadReportRequest(rawQuery string) (ledger.ReportRequest, error) {
	p, err := readParameters(rawQuery)
	if err != nil {
		return ledger.ReportRequest{}, err
	}
	return p.report()
}

// IsInvalid reports whether err says that a parameter or a member is wrong.
func IsInvalid(err error) bool {
	_, wrong := errors.AsType[*invalidError](err)
	return wrong
}
