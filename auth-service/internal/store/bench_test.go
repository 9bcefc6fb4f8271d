package store_test

import (
	"database/sql"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	_ "github.com/jackc/pgx/v5/stdlib" // the driver that fills a table

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// manyUsers is how many users a full table holds.
const manyUsers = 1_000_000

func benchStore(b *testing.B, url string) *store.Store {
	b.Helper()
	db, err := store.Open(store.Config{URL: url, MaxConns: 8, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = db.Close() })
	if err := db.Start(b.Context()); err != nil {
		b.Fatal(err)
	}
	return db
}

// databases makes an empty database and one with manyUsers in it, of each kind that this machine has.
func databases(b *testing.B, name string) (empty, full *store.Store) {
	b.Helper()
	if name == "sqlite" {
		urls := [2]string{"sqlite:" + filepath.Join(b.TempDir(), "empty.db"), "sqlite:" + filepath.Join(b.TempDir(), "full.db")}
		empty, full = benchStore(b, urls[0]), benchStore(b, urls[1])
		fill(b, "sqlite", strings.TrimPrefix(urls[1], "sqlite:"), `
			with recursive n(i) as (select 1 union all select i + 1 from n where i < `+fmt.Sprint(manyUsers)+`)
			insert into users (username, password_hash, created_at) select 'user' || (i * 7919 % 1000003), 'hash', 0 from n`)
		return empty, full
	}
	urls := [2]string{shared.Postgres(b), shared.Postgres(b)}
	empty, full = benchStore(b, urls[0]), benchStore(b, urls[1])
	fill(b, "pgx", urls[1], `
		insert into users (username, password_hash, created_at)
		select 'user' || (i::bigint * 7919 % 1000003), 'hash', now() from generate_series(1, `+fmt.Sprint(manyUsers)+`) i`)
	fill(b, "pgx", urls[1], "analyze users")
	return empty, full
}

func fill(b *testing.B, driver, url, statement string) {
	b.Helper()
	db, err := sql.Open(driver, url)
	if err != nil {
		b.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the benchmark reads what was written
	if _, err := db.ExecContext(b.Context(), statement); err != nil {
		b.Fatal(err)
	}
}

// BenchmarkRegistrationBesideACrowd reports how much longer the database takes to add a user to a million others than
// to a few, by the medians of inserts made in turn.
func BenchmarkRegistrationBesideACrowd(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			empty, full := databases(b, name)
			var took [2][]time.Duration
			i := 0
			for b.Loop() {
				i++
				for k, db := range []*store.Store{empty, full} {
					start := time.Now()
					if _, err := db.InsertUser(b.Context(), account.NewUser{Name: fmt.Sprintf("new%d", i*7919%1000003), PasswordHash: "hash", CreatedAt: noon()}); err != nil {
						b.Fatal(err)
					}
					took[k] = append(took[k], time.Since(start))
				}
			}
			few, many := percentile(took[0], 50), percentile(took[1], 50)
			b.ReportMetric(float64(few.Microseconds()), "µs/few")
			b.ReportMetric(float64(many.Microseconds()), "µs/million")
			b.ReportMetric(float64(many)/float64(few), "ratio")
		})
	}
}

// BenchmarkPageOfAMillionUsers reports the time of a page of 100, wherever in the list it is and with a prefix or not.
func BenchmarkPageOfAMillionUsers(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			_, full := databases(b, name)
			var took []time.Duration
			for i := 0; b.Loop(); i++ {
				after, prefix := fmt.Sprintf("user%d", i*7919%1000003), ""
				if i%2 == 0 {
					prefix = fmt.Sprintf("user%d", i%1000)
					after = ""
				}
				start := time.Now()
				if _, err := full.Users(b.Context(), account.UserSearch{Query: prefix}, after, 100); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			b.ReportMetric(float64(percentile(took, 50).Microseconds()), "µs/p50")
			b.ReportMetric(float64(percentile(took, 99).Microseconds()), "µs/p99")
		})
	}
}

func percentile(took []time.Duration, p int) time.Duration {
	slices.Sort(took)
	return took[len(took)*p/100]
}
