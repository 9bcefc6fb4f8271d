package store_test

import (
	"math/rand/v2"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store/pgtest"
)

// durableURL is the address of an empty database that syncs to disk as a real one does.
func durableURL(b *testing.B, name string) string {
	b.Helper()
	if name == "sqlite" {
		return "sqlite:" + filepath.Join(b.TempDir(), "bench.db")
	}
	own := pgtest.Start(b)
	return own.NewDatabase(b.Context(), b)
}

// BenchmarkBatchOf100000Users adds batches in which each of 100,000 users made five calls. Every fourth batch is the first
// of an hour.
func BenchmarkBatchOf100000Users(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			const users, each = 100_000, 5
			l := newLedger(benchStore(b, durableURL(b, name)), noon())
			rows := make([]ledger.Row, users)
			sequence := int64(0)
			for b.Loop() {
				hour := noon().Add(time.Duration(sequence/4) * time.Hour)
				for i := range rows {
					rows[i] = calls(int64(i+1), "root", hour, each)
				}
				sequence++
				if _, err := l.Add(b.Context(), ledger.Batch{Gateway: "g", Sequence: sequence, Rows: rows}); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(users*each*sequence)/b.Elapsed().Seconds(), "requests/s")
			b.ReportMetric(float64(users*sequence)/b.Elapsed().Seconds(), "rows/s")
		})
	}
}

// tenMillion are 2,000 users on two routes: a year of days, 90 days of hours, written hour by hour as they come.
const tenMillion = `
insert into usage_days
    select u, '2026-11-24'::timestamptz - d * interval '1 day', r, 10, 1, 0, 0, 100, 1000
    from generate_series(1, 365) d, generate_series(1, 2000) u, unnest(array['files', 'root']) r;
insert into usage_hours
    select u, '2026-11-24T12:00:00Z'::timestamptz - h * interval '1 hour', r, 10, 1, 0, 0, 100, 1000
    from generate_series(0, 2159) h, generate_series(1, 2000) u, unnest(array['files', 'root']) r;
update ledger_marks set rolled = '2026-11-24', rolled_with_units = '2026-11-24', pruned = '2026-08-27'`

// BenchmarkReportOfAYear reports the time of one user's report of a year by day, and of a month by hour, among ten
// million rows.
func BenchmarkReportOfAYear(b *testing.B) {
	url := shared.Postgres(b)
	db := benchStore(b, url)
	fill(b, "pgx", url, "set timezone = 'UTC';"+tenMillion)
	fill(b, "pgx", url, "vacuum analyze usage_days")
	fill(b, "pgx", url, "vacuum analyze usage_hours")
	l := newLedger(db, noon())
	for name, row := range map[string]struct {
		by   ledger.Step
		days int
	}{"year by day": {ledger.ByDay, 365}, "month by hour": {ledger.ByHour, 30}} {
		b.Run(name, func(b *testing.B) {
			p := ledger.Period{From: midnight().AddDate(0, 0, -row.days), To: midnight().AddDate(0, 0, 1)}
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				r, err := l.Report(b.Context(), ledger.ReportRequest{UserID: 1 + rand.Int64N(2000), Period: p, By: row.by})
				if err != nil || r.Total.Requests == 0 {
					b.Fatal(r.Total, err)
				}
				took = append(took, time.Since(start))
			}
			b.ReportMetric(float64(percentile(took, 50).Microseconds()), "µs/p50")
			b.ReportMetric(float64(percentile(took, 99).Microseconds()), "µs/p99")
		})
	}
}

// millionCalled are a month of a million users and what they called today.
const millionCalled = `
insert into usage_months select u, '2026-11-01'::timestamptz, 'root', 300 + u % 977, 30, 0, 0, 3000, 30000 from generate_series(1, 1000000) u;
insert into usage_hours select u, '2026-11-24T11:00:00Z'::timestamptz, 'root', 10, 1, 0, 0, 100, 1000 from generate_series(1, 1000000) u;
insert into usage_today select '2026-11-24', u, 10 from generate_series(1, 1000000) u;
update ledger_marks set rolled = '2026-11-24', rolled_with_units = '2026-11-24'`

// million is a ledger of millionCalled.
func million(b *testing.B) *ledger.Service {
	b.Helper()
	url := shared.Postgres(b)
	db := benchStore(b, url)
	fill(b, "pgx", url, "set timezone = 'UTC';"+millionCalled)
	fill(b, "pgx", url, "vacuum analyze usage_months")
	fill(b, "pgx", url, "vacuum analyze usage_hours")
	return newLedger(db, noon())
}

// BenchmarkPageOfAMonthOfAMillionUsers reports the time of a page in the middle of a month's lines.
func BenchmarkPageOfAMonthOfAMillionUsers(b *testing.B) {
	l := million(b)
	for name, mostCalls := range map[string]bool{"the most calls first": true, "by user": false} {
		b.Run(name, func(b *testing.B) {
			after := &ledger.Line{UserID: 500_000, Route: "root", Counts: ledger.Counts{Requests: 800}}
			for b.Loop() {
				page, err := l.List(b.Context(), ledger.Listing{Period: ledger.Month(noon()), MostCalls: mostCalls, After: after, Limit: 101})
				if err != nil || len(page.Lines) != 101 {
					b.Fatal(len(page.Lines), err)
				}
			}
		})
	}
}

// BenchmarkExportOfAMillionUsers reports the time, that of the first line, and the peak of this process's memory.
func BenchmarkExportOfAMillionUsers(b *testing.B) {
	l := million(b)
	var peak uint64
	var first time.Duration
	for b.Loop() {
		lines, start := 0, time.Now()
		err := l.Export(b.Context(), ledger.Month(noon()), ledger.Which{}, exporter(func(ledger.Line) error {
			if lines++; lines == 1 {
				first = time.Since(start)
			}
			if lines%100_000 == 0 {
				var m runtime.MemStats
				runtime.ReadMemStats(&m)
				peak = max(peak, m.HeapAlloc)
			}
			return nil
		}))
		if err != nil || lines != 1_000_000 {
			b.Fatal(lines, err)
		}
	}
	b.ReportMetric(first.Seconds(), "s/first")
	b.ReportMetric(float64(peak)/(1<<20), "MiB/peak")
}
