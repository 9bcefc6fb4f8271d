package store_test

import (
	"math/rand/v2"
	"path/filepath"
	"testing"
	"time"

	"tallygate/auth-service/internal/ledger"
)

func series(t *testing.T, l *ledger.Service, q ledger.SeriesRequest) ledger.Series {
	t.Helper()
	s, err := l.Series(t.Context(), q)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// TestSeriesIsTheSumOfTheReports: by every step and group, before and after days are rolled and hours are forgotten.
func TestSeriesIsTheSumOfTheReports(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		l := newLedger(open(t, url), noon())
		var rows []ledger.Row
		random := rand.New(rand.NewPCG(1, 2))
		for range 2000 {
			hour := midnight().Add(time.Duration(random.IntN(24*100)-24*99) * time.Hour)
			rows = append(rows, calls(1+random.Int64N(6), []string{"files", "root", "search"}[random.IntN(3)], hour, 1+random.Int64N(9)))
		}
		add(t, l, "a", 1, rows...)
		p := ledger.Period{From: midnight().AddDate(0, 0, -60), To: midnight().AddDate(0, 0, 2)}
		before := ledger.Period{From: p.From.AddDate(0, 0, -62), To: p.From}
		for range 3 {
			for _, by := range []ledger.Step{ledger.ByHour, ledger.ByDay, ledger.ByMonth} {
				for _, byUser := range []bool{false, true} {
					got := series(t, l, ledger.SeriesRequest{Period: p, By: by, ByUser: byUser, Top: 2})
					var total, was, entries ledger.Counts
					for user := int64(1); user <= 6; user++ {
						total, was = total.Plus(report(t, l, user, p, by).Total), was.Plus(report(t, l, user, before, by).Total)
					}
					for _, e := range got.Entries {
						entries = entries.Plus(e.Counts)
					}
					var groups, groupsBefore ledger.Counts
					for i, g := range got.Groups {
						groups, groupsBefore = groups.Plus(g.Total), groupsBefore.Plus(g.Before)
						if g.UserID == 0 {
							continue
						}
						if r := report(t, l, g.UserID, p, by); r.Total != g.Total || i == 0 && g.Total.Requests < got.Groups[1].Total.Requests {
							t.Errorf("user %d: got %+v, want %+v", g.UserID, g.Total, r.Total)
						}
					}
					if len(got.Groups) != 3 || !got.Groups[2].Other || got.Total != total || got.Before != was || entries != total || groups != total || groupsBefore != was {
						t.Errorf("by %d, by user: %v: got %+v, entries %+v, groups %+v; want %+v, before %+v", by, byUser, got.Total, entries, groups, total, was)
					}
				}
			}
			agrees(t, l)
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
		add(t, l, "a", 2, calls(1, "late", midnight().AddDate(0, 0, -95), 3), calls(1, "late", midnight().AddDate(0, 0, -2), 3))
		agrees(t, l)
	})
}

// TestTotalsThatAnOlderVersionMissedAreMended: verify finds that they are missing, and the roll-up of the day makes them anew.
func TestTotalsThatAnOlderVersionMissedAreMended(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		add(t, l, "a", 1, calls(1, "root", midnight().Add(-5*time.Hour), 3), calls(2, "root", midnight().Add(-4*time.Hour), 4))
		change(t, url, "update usage_totals set requests = requests - 1")
		if differences, err := l.Verify(t.Context()); err != nil || len(differences) != 1 {
			t.Errorf("got %v, %v, want one difference", differences, err)
		}
		if err := l.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		agrees(t, l)
		change(t, url, "update usage_totals set requests = requests - 1")
		if differences, err := l.Verify(t.Context()); err != nil || len(differences) != 1 {
			t.Errorf("of a day that is rolled: got %v, %v, want one difference", differences, err)
		}
	})
}

// Totals of six routes since September, beside millionCalled.
const (
	postgresTotals = `
insert into usage_totals select h, date_trunc('day', h, 'UTC'), r, 500000, 5, 0, 0, 3000, 30000, 0
    from generate_series('2026-09-01'::timestamptz, '2026-11-24T11:00:00Z'::timestamptz, interval '1 hour') h, unnest(array['a', 'b', 'c', 'd', 'files', 'root']) r`
	sqliteMillion = `
with recursive u(n) as (values (1) union all select n + 1 from u where n < 1000000)
insert into usage_months select n, unixepoch('2026-11-01') * 1000000, 'root', 300 + n % 977, 30, 0, 0, 3000, 30000, 0 from u;
with recursive u(n) as (values (1) union all select n + 1 from u where n < 1000000)
insert into usage_hours select n, unixepoch('2026-11-24T11:00:00') * 1000000, 'root', 10, 1, 0, 0, 100, 1000, 0 from u;
with recursive u(n) as (values (1) union all select n + 1 from u where n < 1000000)
insert into usage_today select unixepoch('2026-11-24') * 1000000, n, 10 from u;
update ledger_marks set rolled = unixepoch('2026-11-24') * 1000000, rolled_with_units = unixepoch('2026-11-24') * 1000000;
with recursive h(n) as (values (unixepoch('2026-09-01')) union all select n + 3600 from h where n < unixepoch('2026-11-24T11:00:00')),
    r(name) as (values ('a'), ('b'), ('c'), ('d'), ('files'), ('root'))
insert into usage_totals select n * 1000000, (n - n % 86400) * 1000000, name, 500000, 5, 0, 0, 3000, 30000, 0 from h, r;
analyze`
)

func millionIn(b *testing.B, name string) *ledger.Service {
	b.Helper()
	if name == "sqlite" {
		file := filepath.Join(b.TempDir(), "bench.db")
		db := benchStore(b, "sqlite:"+file)
		fill(b, "sqlite", file, sqliteMillion)
		return newLedger(db, noon())
	}
	url := shared.Postgres(b)
	db := benchStore(b, url)
	fill(b, "pgx", url, "set timezone = 'UTC'; set synchronous_commit = on;"+millionCalled+";"+postgresTotals)
	for _, table := range []string{"usage_months", "usage_hours", "usage_totals", "usage_today"} {
		fill(b, "pgx", url, "vacuum analyze "+table)
	}
	return newLedger(db, noon())
}

// BenchmarkSeriesOfAMillionUsers reports the time of a month by day, by route and by user, and the 99th percentile.
func BenchmarkSeriesOfAMillionUsers(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		l := millionIn(b, name)
		for group, byUser := range map[string]bool{"by route": false, "by user": true} {
			b.Run(name+", "+group, func(b *testing.B) {
				var took []time.Duration
				for b.Loop() {
					start := time.Now()
					got, err := l.Series(b.Context(), ledger.SeriesRequest{Period: ledger.Month(noon()), By: ledger.ByDay, ByUser: byUser, Top: 10})
					if err != nil || len(got.Groups) < 6 {
						b.Fatal(len(got.Groups), err)
					}
					took = append(took, time.Since(start))
				}
				b.ReportMetric(float64(percentile(took, 50).Milliseconds()), "ms/p50")
				b.ReportMetric(float64(percentile(took, 99).Milliseconds()), "ms/p99")
			})
		}
	}
}
