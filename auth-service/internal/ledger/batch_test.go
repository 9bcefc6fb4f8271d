package ledger_test

import (
	"slices"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
)

func TestMergeSortsAndSumsRowsOfOneKey(t *testing.T) {
	t.Parallel()
	hour := start().In(time.FixedZone("east", 3600))
	row := func(user int64, route string, at time.Time, n int64) ledger.Row {
		return ledger.Row{UserID: user, Route: route, Start: at, Counts: ledger.Counts{Requests: n, BytesIn: 2 * n}}
	}
	rows := []ledger.Row{
		row(2, "a", hour, 1), row(1, "b", hour, 2), row(1, "a", hour.Add(time.Hour), 3), row(1, "b", start(), 4), row(2, "a", start(), 5),
	}
	before := slices.Clone(rows)
	want := []ledger.Row{
		row(1, "b", start(), 6), row(1, "a", start().Add(time.Hour), 3), row(2, "a", start(), 6),
	}
	if got := ledger.Merge(rows); !slices.Equal(got, want) {
		t.Errorf("got  %v\nwant %v", got, want)
	}
	if !slices.Equal(rows, before) {
		t.Error("the caller's rows were changed")
	}
}
