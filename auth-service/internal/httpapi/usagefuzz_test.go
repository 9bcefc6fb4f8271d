package httpapi_test

import (
	"errors"
	"testing"
	"time"

	"tallygate/auth-service/internal/httpapi"
	"tallygate/auth-service/internal/ledger"
	"tallygate/kit/problem"
)

func FuzzUsageQueries(f *testing.F) {
	for _, seed := range []string{
		"", "by=hour", "from=2026-11-01&to=2026-12-01", "from=2026-11-24T12:00:00Z", "from=%zz", "from=a;to=b", "route=root&route=root",
		"from=0000-00-00", "from=9999-12-31&to=9999-12-31T23:59:59-14:00", "from=1970-01-01T00:00:00%2B14:00", "route=%00", "=&&=",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, query string) {
		q, err := httpapi.ReadReportRequest(query)
		wrong := httpapi.IsInvalid(err)
		_, unreadable := errors.AsType[*problem.Details](err)
		switch {
		case err != nil && !wrong && !unreadable:
			t.Errorf("%q: got %v, which is no client's mistake", query, err)
		case err != nil:
		case odd(q.From) || odd(q.To) || q.By < ledger.ByHour || q.By > ledger.ByMonth:
			t.Errorf("%q was taken as %+v", query, q)
		}
	})
}

// odd reports whether a time is set and lies outside what reports can cover.
func odd(at time.Time) bool {
	return !at.IsZero() && (at.Year() < 1970 || at.Year() > 9000 || at.Location() != time.UTC)
}
