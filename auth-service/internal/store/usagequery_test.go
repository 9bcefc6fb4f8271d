package store_test

import (
	"errors"
	"slices"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// exporter is a ledger.Exporter that only takes lines.
type exporter func(ledger.Line) error

func (exporter) Begin(ledger.Period) error { return nil }

func (e exporter) Line(l ledger.Line) error { return e(l) }

func TestLinesOfAllUsersCanBePagedAndExported(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		ada := insert(t, db, "ada")
		const others = 10 // who are gone
		rows := []ledger.Row{calls(ada.ID, "root", noon(), 5), calls(ada.ID, "root", noon().AddDate(0, 0, -3), 5)}
		for i := int64(1); i <= others; i++ {
			rows = append(rows, calls(100+i, "root", noon(), i%4+1), calls(100+i, "files", noon().AddDate(0, 0, -2), 2))
		}
		add(t, l, "a", 1, rows...)
		if err := l.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		p := ledger.Month(noon())

		var exported []ledger.Line
		if err := l.Export(t.Context(), p, ledger.Which{}, exporter(func(line ledger.Line) error {
			exported = append(exported, line)
			return nil
		})); err != nil {
			t.Fatal(err)
		}
		if len(exported) != 1+2*others || exported[0].Username != "ada" || exported[0].Requests != 10 || exported[1].Username != "" {
			t.Errorf("exported %d lines, the first are %+v", len(exported), exported[:2])
		}
		for _, mostCalls := range []bool{false, true} {
			want := slices.Clone(exported)
			if mostCalls {
				slices.SortStableFunc(want, func(a, b ledger.Line) int { return int(b.Requests - a.Requests) })
			}
			var got []ledger.Line
			listing := ledger.Listing{Period: p, MostCalls: mostCalls, Limit: 4}
			for {
				page, err := l.List(t.Context(), listing)
				if err != nil {
					t.Fatal(err)
				}
				if len(page.Lines) == 0 {
					break
				}
				got = append(got, page.Lines...)
				listing.After = &page.Lines[len(page.Lines)-1]
			}
			if !slices.Equal(got, want) {
				t.Errorf("most calls first: %v\ngot  %+v\nwant %+v", mostCalls, got, want)
			}
		}
		files, err := l.List(t.Context(), ledger.Listing{Period: p, Which: ledger.Which{Route: "files"}, Limit: 100})
		if err != nil || len(files.Lines) != others {
			t.Errorf("got %d lines of one route, %v, want %d", len(files.Lines), err, others)
		}
	})
}

func TestExportEndsWithItsReadersError(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		add(t, l, "a", 1, calls(1, "root", noon(), 1), calls(2, "root", noon(), 1))
		gone := errors.New("reader is gone")
		lines := 0
		err := l.Export(t.Context(), ledger.Month(noon()), ledger.Which{}, exporter(func(ledger.Line) error { lines++; return gone }))
		if !errors.Is(err, gone) || lines != 1 {
			t.Errorf("got %v after %d lines", err, lines)
		}
	})
}

func TestReportIsOfOneUserAndOneRouteAndTheQuotaOfThisMonth(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		add(t, l, "a", 1, calls(7, "root", noon(), 3), calls(7, "files", noon(), 4), calls(8, "root", noon(), 100),
			calls(7, "root", noon().Add(-time.Hour), 5), calls(7, "root", noon().AddDate(0, -1, 0), 50))
		limit := int64(10)
		r, err := l.Report(t.Context(), ledger.ReportRequest{
			UserID: 7, Period: ledger.Period{From: noon().AddDate(0, -2, 0), To: noon().Add(time.Hour)},
			By: ledger.ByHour, Which: ledger.Which{Route: "root"}, Quota: ledger.MonthlyQuota{Own: &limit},
		})
		if err != nil {
			t.Fatal(err)
		}
		if r.Total.Requests != 58 || len(r.Series) != 3 || !r.Series[2].Start.Equal(noon().Truncate(time.Hour)) {
			t.Errorf("got %+v in %+v", r.Total, r.Series)
		}
		if r.Quota.Used != 12 || r.Quota.Remaining() != 0 || !r.Quota.ResetsAt.Equal(time.Date(2026, 12, 1, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("got %+v", r.Quota)
		}
	})
}
