package store_test

import (
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// midnight is the start of noon's day.
func midnight() time.Time { return noon().Truncate(24 * time.Hour) }

// filledLedger is a ledger with three calls an hour for 100 days before noon and on the day itself.
func filledLedger(t *testing.T, db *store.Store) *ledger.Service {
	t.Helper()
	l := newLedger(db, noon())
	rows := make([]ledger.Row, 0, 24*101)
	for hour := midnight().AddDate(0, 0, -100); hour.Before(noon()); hour = hour.Add(time.Hour) {
		rows = append(rows, calls(7, "root", hour, 2), calls(7, "files", hour, 1))
	}
	add(t, l, "a", 1, rows...)
	return l
}

func TestTotalsStayWhenHoursBecomeDaysAndAreForgotten(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := filledLedger(t, open(t, url))
		year := ledger.Period{From: noon().AddDate(-1, 0, 0).Truncate(24 * time.Hour), To: midnight().AddDate(0, 0, 1)}
		before := report(t, l, 7, year, ledger.ByDay)
		if want := int64(3 * (100*24 + 13)); before.Total.Requests != want {
			t.Fatalf("got %d requests, want %d", before.Total.Requests, want)
		}
		for range 3 { // the first moves the marks, the second deletes what is before them, the third finds nothing to do
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			agrees(t, l)
			after := report(t, l, 7, year, ledger.ByDay)
			if after.Total != before.Total || len(after.Series) != len(before.Series) {
				t.Errorf("got %+v in %d entries, want %+v in %d", after.Total, len(after.Series), before.Total, len(before.Series))
			}
			if byMonth := report(t, l, 7, year, ledger.ByMonth); byMonth.Total != before.Total {
				t.Errorf("by month: got %+v, want %+v", byMonth.Total, before.Total)
			}
			half := ledger.Period{From: midnight().Add(-36 * time.Hour), To: midnight().Add(6 * time.Hour)}
			if got := report(t, l, 7, half, ledger.ByDay).Total.Requests; got != 3*42 {
				t.Errorf("42 hours that cut a day: got %d requests, want %d", got, 3*42)
			}
		}
		cut := ledger.Period{From: midnight().AddDate(0, 0, -95).Add(5 * time.Hour), To: midnight().AddDate(0, 0, -95).Add(7 * time.Hour)}
		whole := ledger.Period{From: midnight().AddDate(0, 0, -95), To: midnight().AddDate(0, 0, -94)}
		if r := report(t, l, 7, cut, ledger.ByHour); r.Period != whole || r.Total.Requests != 3*24 {
			t.Errorf("two hours of a day that is kept whole: got %d requests of %v, want all of %v", r.Total.Requests, r.Period, whole)
		}
		old := ledger.Period{From: midnight().AddDate(0, 0, -95), To: midnight().AddDate(0, 0, -89)}
		if got := len(report(t, l, 7, old, ledger.ByHour).Series); got != 2*(5+24) {
			t.Errorf("by hour, 5 days of them forgotten: got %d entries, want %d", got, 2*(5+24))
		}
	})
}

func TestLateCallsReachDaysThatAreRolledAndHoursThatAreForgotten(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := filledLedger(t, open(t, url))
		for range 2 {
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		add(t, l, "b", 1,
			calls(7, "root", midnight().AddDate(0, 0, -99), 10), calls(7, "root", midnight().AddDate(0, 0, -99).Add(time.Hour), 10),
			calls(7, "root", midnight().AddDate(0, 0, -1), 10), calls(7, "new", midnight().AddDate(0, 0, -1), 10),
			calls(7, "root", noon(), 10))
		agrees(t, l)
		for daysAgo, want := range map[int]int64{99: 72 + 20, 1: 72 + 20, 0: 39 + 10} {
			from := midnight().AddDate(0, 0, -daysAgo)
			for by, name := range map[ledger.Step]string{ledger.ByHour: "hour", ledger.ByDay: "day", ledger.ByMonth: "month"} {
				r := report(t, l, 7, ledger.Period{From: from, To: from.AddDate(0, 0, 1)}, by)
				if r.Total.Requests != want {
					t.Errorf("%d days ago by %s: got %d requests, want %d", daysAgo, name, r.Total.Requests, want)
				}
			}
		}
	})
}

func TestVerifyFindsWhatWasTamperedWith(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := filledLedger(t, db)
		if err := l.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		agrees(t, l)
		for tamper, want := range map[string]string{
			"update usage_gateways set bytes_out = bytes_out + %s":  "all rows",
			"update usage_days set requests = requests + %s":        "usage_days of 2026-11-23, user 7, route files",
			"update usage_months set bytes_in = bytes_in + %s":      "usage_months of 2026-11-01, user 7, route root",
			"update usage_hours set rate_limited = rate_limited+%s": "user 7, route root",
		} {
			for _, by := range []string{"1", "-1"} {
				if _, err := db.Pool().ExecContext(t.Context(), strings.Replace(tamper, "%s", by, 1)); err != nil {
					t.Fatal(err)
				}
				if by == "-1" {
					continue
				}
				differences, err := l.Verify(t.Context())
				var text strings.Builder
				for _, d := range differences {
					text.WriteString(d.String() + "\n")
				}
				if err != nil || !strings.Contains(text.String(), want) {
					t.Errorf("%s: got %q, %v, want %q in it", tamper, text.String(), err, want)
				}
			}
		}
		agrees(t, l)
	})
}

// TestMonthsAreAddedUpFromWhatIsRolledAndWhatIsNot reads lines at each stage of a ledger's life.
func TestMonthsAreAddedUpFromWhatIsRolledAndWhatIsNot(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := filledLedger(t, open(t, url))
		month, lateDay := ledger.Month(noon()), midnight().AddDate(0, 0, -30)
		added := int64(0) // to lateDay, late
		for stage := range int64(3) {
			for _, row := range []struct {
				from, to time.Time
				want     int64
			}{
				{month.From, month.To, 2 * (23*24 + 13)},
				{month.From, midnight(), 2 * 23 * 24},
				{month.From.AddDate(0, -1, 0), month.From, 2*31*24 + added},
				{month.From.AddDate(0, -1, -3), midnight().Add(6 * time.Hour), 2*((31+23+3)*24+6) + added},
			} {
				p := ledger.Period{From: row.from, To: row.to}
				for _, mostCalls := range []bool{false, true} {
					got, err := l.List(t.Context(), ledger.Listing{Period: p, Which: ledger.Which{Route: "root"}, MostCalls: mostCalls, Limit: 10})
					if err != nil || len(got.Lines) != 1 || got.Lines[0].Requests != row.want || got.Period != p {
						t.Errorf("%v: got %+v, %v, want %d requests", p, got, err, row.want)
					}
				}
			}
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
			added += 5
			add(t, l, "b", stage+1, calls(7, "root", lateDay, 5))
			agrees(t, l)
		}
	})
}
