package store_test

import (
	"database/sql"
	"fmt"
	"math/rand/v2"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/pressly/goose/v3"

	"tallygate/auth-service/internal/ledger"
)

// withKey is n calls with an API key, which cost some units each.
func withKey(userID, key int64, route string, hour time.Time, n, cost int64) ledger.Row {
	r := calls(userID, route, hour, n)
	r.KeyID, r.Units = key, n*cost
	return r
}

// TestTheSumOverTheKeysIsTheTotal draws batches, rolls days up between them, and compares every report with what was added.
func TestTheSumOverTheKeysIsTheTotal(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		r := rand.New(rand.NewPCG(5, 6))
		want := map[int64]ledger.Counts{}
		for sequence := range int64(30) {
			var rows []ledger.Row
			for range 20 {
				hour := noon().Add(-time.Duration(r.IntN(100*24)) * time.Hour) // some are older than the hours that are kept
				row := withKey(7, r.Int64N(4), []string{"root", "files"}[r.IntN(2)], hour, 1+r.Int64N(9), r.Int64N(3))
				rows = append(rows, row)
				want[row.KeyID] = want[row.KeyID].Plus(row.Counts)
			}
			add(t, l, "a", sequence+1, rows...)
			if sequence%7 == 3 {
				if err := l.RollUp(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
		}
		for range 3 {
			agrees(t, l)
			eachReportIs(t, l, want)
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}

func eachReportIs(t *testing.T, l *ledger.Service, want map[int64]ledger.Counts) {
	t.Helper()
	p := ledger.Period{From: noon().AddDate(0, 0, -101).Truncate(24 * time.Hour), To: midnight().AddDate(0, 0, 1)}
	for _, by := range []ledger.Step{ledger.ByHour, ledger.ByDay, ledger.ByMonth} {
		got := map[int64]ledger.Counts{}
		grouped, err := l.Report(t.Context(), ledger.ReportRequest{UserID: 7, Period: p, By: by, Which: ledger.Which{ByKey: true}})
		if err != nil {
			t.Fatal(err)
		}
		for _, row := range grouped.Series {
			got[row.KeyID] = got[row.KeyID].Plus(row.Counts)
		}
		if total := report(t, l, 7, p, by).Total; total != grouped.Total {
			t.Errorf("by %d: the sum over the keys is %+v, the total %+v", by, grouped.Total, total)
		}
		for key, counts := range want {
			one, err := l.Report(t.Context(), ledger.ReportRequest{UserID: 7, Period: p, By: by, Which: ledger.Which{KeyID: key}})
			if err != nil || got[key] != counts || key != 0 && one.Total != counts {
				t.Errorf("key %d by %d: got %+v and %+v, want %+v, %v", key, by, got[key], one.Total, counts, err)
			}
		}
	}
	lines := map[int64]ledger.Counts{}
	err := l.Export(t.Context(), p, ledger.Which{ByKey: true}, exporter(func(line ledger.Line) error {
		lines[line.KeyID] = lines[line.KeyID].Plus(line.Counts)
		return nil
	}))
	for key, counts := range want {
		if err != nil || lines[key] != counts {
			t.Errorf("lines of key %d: got %+v, want %+v, %v", key, lines[key], counts, err)
		}
	}
}

func TestVerifyFindsWhatWasTamperedWithInTheKeys(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		l := newLedger(db, noon())
		for i, daysAgo := range []int{0, 1, 2, 40} {
			add(t, l, "a", int64(i+1), withKey(7, 12, "root", noon().AddDate(0, 0, -daysAgo), 5, 3), calls(7, "root", noon().AddDate(0, 0, -daysAgo), 2))
		}
		if err := l.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		agrees(t, l)
		for tamper, want := range map[string]string{
			"update key_usage_hours set requests = requests + %s00":      "the sum over the keys in key_usage_hours of 2026-11-24T",
			"update key_usage_days set extra_units = extra_units + %s00": "the sum over the keys in key_usage_days of 2026-11-23T",
			"update key_usage_months set bytes_in = bytes_in + %s":       "key_usage_months of 2026-10-01, user 7, route root, key 12",
			"update key_usage_days set rate_limited = rate_limited + %s": "key_usage_days of 2026-11-22, user 7, route root, key 12",
			"update usage_gateways set extra_units = extra_units + %s":   "all rows",
			"update usage_days set extra_units = extra_units + %s":       "usage_days of 2026-11-23, user 7, route root",
		} {
			for _, by := range []string{"1", "-1"} {
				if _, err := db.Pool().ExecContext(t.Context(), strings.Replace(tamper, "%s", by, 1)); err != nil {
					t.Fatal(err)
				}
				if by == "-1" {
					continue
				}
				if text := differences(t, l); !strings.Contains(text, want) {
					t.Errorf("%s: got %q, want %q in it", tamper, text, want)
				}
			}
		}
		agrees(t, l)
	})
}

func differences(t *testing.T, l *ledger.Service) string {
	t.Helper()
	list, err := l.Verify(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	var text strings.Builder
	for _, d := range list {
		text.WriteString(d.String() + "\n")
	}
	return text.String()
}

// older opens a database with the schema before units and keys.
func older(t *testing.T, url string) (pool *sql.DB, postgres bool) {
	t.Helper()
	driver, dialect, folder := "sqlite", goose.DialectSQLite3, "migrations/sqlite"
	if postgres = strings.HasPrefix(url, "postgres"); postgres {
		driver, dialect, folder = "pgx", goose.DialectPostgres, "migrations/postgres"
	}
	pool, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = pool.Close() })
	provider, err := goose.NewProvider(dialect, pool, os.DirFS(folder), goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), 120); err != nil {
		t.Fatal(err)
	}
	return pool, postgres
}

// hourOf is an hour as a literal of the database.
func hourOf(t time.Time, postgres bool) string {
	if postgres {
		return "'" + t.UTC().Format(time.RFC3339) + "'"
	}
	return fmt.Sprint(t.UnixMicro())
}

// oldBatch adds a batch with the statements of an auth-service of the version before.
func oldBatch(t *testing.T, pool *sql.DB, postgres bool, gateway string, user int64, hour time.Time, n int) {
	t.Helper()
	at := hourOf(hour.Truncate(time.Hour), postgres)
	for _, statement := range []string{
		fmt.Sprintf("insert into usage_gateways (gateway, applied, delivered_at, requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out)"+
			" values ('%s', 1, %s, %d, 0, 0, 0, 0, %d)", gateway, at, n, n),
		fmt.Sprintf("insert into usage_hours (user_id, hour, route, requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out)"+
			" values (%d, %s, 'root', %d, 0, 0, 0, 0, %d) on conflict (user_id, hour, route) do update set requests = usage_hours.requests + excluded.requests,"+
			" client_errors = usage_hours.client_errors + excluded.client_errors, server_errors = usage_hours.server_errors + excluded.server_errors,"+
			" rate_limited = usage_hours.rate_limited + excluded.rate_limited, bytes_in = usage_hours.bytes_in + excluded.bytes_in,"+
			" bytes_out = usage_hours.bytes_out + excluded.bytes_out", user, at, n, n),
	} {
		if _, err := pool.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
}

// oldSums are what ledger verify of the version before compares.
func oldSums(t *testing.T, pool *sql.DB) string {
	t.Helper()
	var all strings.Builder
	for _, table := range []string{"usage_gateways", "usage_hours", "usage_days", "usage_months"} {
		var n, requests, bytes sql.NullInt64
		if err := pool.QueryRowContext(t.Context(), "select count(*), sum(requests), sum(bytes_out) from "+table).Scan(&n, &requests, &bytes); err != nil {
			t.Fatal(err)
		}
		fmt.Fprintln(&all, table, n.Int64, requests.Int64, bytes.Int64)
	}
	return all.String()
}

func TestALedgerFromBeforeUnitsIsMigratedWithoutLoss(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		pool, postgres := older(t, url)
		for i, daysAgo := range []int{0, 1, 40} {
			oldBatch(t, pool, postgres, fmt.Sprint("old", i), 7, noon().AddDate(0, 0, -daysAgo), 10)
		}
		day, month := hourOf(midnight().AddDate(0, 0, -40), postgres), hourOf(time.Date(2026, 10, 1, 0, 0, 0, 0, time.UTC), postgres)
		for _, statement := range []string{
			"insert into usage_days (user_id, day, route, requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out) values (7, " + day + ", 'root', 10, 0, 0, 0, 0, 10)",
			"insert into usage_months (user_id, month, route, requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out) values (7, " + month + ", 'root', 10, 0, 0, 0, 0, 10)",
			"update ledger_marks set rolled = " + hourOf(midnight().AddDate(0, 0, -39), postgres),
		} {
			if _, err := pool.ExecContext(t.Context(), statement); err != nil {
				t.Fatalf("%s: %v", statement, err)
			}
		}
		before := oldSums(t, pool)
		db := open(t, url)
		l := newLedger(db, noon())
		agrees(t, l)
		if after := oldSums(t, pool); after != before {
			t.Errorf("before:\n%safter:\n%s", before, after)
		}
		// Auth-services of both versions add batches. The one of the version before cannot roll a day up.
		oldBatch(t, pool, postgres, "old3", 7, noon(), 5)
		add(t, l, "new", 1, withKey(7, 12, "root", noon(), 2, 5))
		oldBatch(t, pool, postgres, "old4", 7, noon(), 5)
		_, err := pool.ExecContext(t.Context(), "update ledger_marks set rolled = "+hourOf(midnight(), postgres))
		if err == nil || !strings.Contains(strings.ToLower(err.Error()), "check") {
			t.Errorf("a day was rolled up without units: %v", err)
		}
		// That version has no totals of all users and no list of today's. The totals are made anew when the day is rolled; the list
		// has no day that is rolled.
		if differences, err := l.Verify(t.Context()); err != nil || len(differences) != 2 || !strings.Contains(differences[0].String(), "usage_totals") ||
			!strings.Contains(differences[1].String(), "usage_today") {
			t.Errorf("got %v, %v, want that usage_totals and usage_today differ", differences, err)
		}
		l = newLedger(db, noon().AddDate(0, 0, 1))
		if err := l.RollUp(t.Context()); err != nil {
			t.Fatal(err)
		}
		for range 2 {
			agrees(t, l)
			year := ledger.Period{From: noon().AddDate(-1, 0, 0).Truncate(24 * time.Hour), To: midnight().AddDate(0, 0, 1)}
			if got := report(t, l, 7, year, ledger.ByDay).Total; got.Requests != 42 || got.Units != 50 {
				t.Errorf("got %+v, want 42 requests and 50 units", got)
			}
			if err := l.RollUp(t.Context()); err != nil {
				t.Fatal(err)
			}
		}
	})
}
