package store_test

import (
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// A million users with a session each, what each called this month and today; one in 10,000 is an administrator, one in
// 1,000 disabled.
const (
	crowdOfSQLite = `
with recursive n(i) as (select 1 union all select i + 1 from n where i < 1000000)
insert into users (username, password_hash, created_at, role, disabled)
    select 'user' || (i * 7919 % 1000003), printf('%0100d', i), 0, iif(i % 10000 = 0, 'admin', ''), i % 1000 = 0 from n;
insert into sessions (id, user_id, created_at, last_used_at, expires_at, client, address, live_hash)
    select 's' || id, id, 0, unixepoch('2026-11-24 11:59:00') * 1000000, unixepoch('2026-12-24') * 1000000, '', '', x'00' from users;
insert into usage_months select id, unixepoch('2026-11-01') * 1000000, 'root', 300, 30, 0, 0, 3000, 30000, 0 from users;
insert into usage_hours select id, unixepoch('2026-11-24 11:00:00') * 1000000, 'root', 10, 1, 0, 0, 100, 1000, 0 from users;
insert into usage_today select unixepoch('2026-11-24') * 1000000, id, 10 from users;
update ledger_marks set rolled = unixepoch('2026-11-24') * 1000000, rolled_with_units = unixepoch('2026-11-24') * 1000000`
	crowdOfPostgres = `
set timezone = 'UTC';
set synchronous_commit = on; -- otherwise vacuum finds rows whose transaction is not on disk yet, and marks no page
insert into users (username, password_hash, created_at, role, disabled)
    select 'user' || (i::bigint * 7919 % 1000003), lpad(i::text, 100, '0'), now(), case when i % 10000 = 0 then 'admin' else '' end, i % 1000 = 0
    from generate_series(1, 1000000) i;
insert into sessions (id, user_id, created_at, last_used_at, expires_at, client, address, live_hash)
    select 's' || id, id, now(), '2026-11-24 11:59:00', '2026-12-24', '', '', '\x00' from users;
insert into usage_months select id, '2026-11-01', 'root', 300, 30, 0, 0, 3000, 30000 from users;
insert into usage_hours select id, '2026-11-24 11:00:00', 'root', 10, 1, 0, 0, 100, 1000 from users;
insert into usage_today select '2026-11-24', id, 10 from users;
update ledger_marks set rolled = '2026-11-24', rolled_with_units = '2026-11-24'`
)

func crowd(b *testing.B, name string) *store.Store {
	b.Helper()
	db, _ := crowdAt(b, name)
	return db
}

func crowdAt(b *testing.B, name string) (db *store.Store, url string) {
	b.Helper()
	if name == "sqlite" {
		url = "sqlite:" + filepath.Join(b.TempDir(), "crowd.db")
		db = benchStore(b, url)
		fill(b, "sqlite", strings.TrimPrefix(url, "sqlite:"), crowdOfSQLite)
		return db, url
	}
	url = shared.Postgres(b)
	db = benchStore(b, url)
	fill(b, "pgx", url, crowdOfPostgres)
	for _, table := range []string{"users", "sessions", "usage_months", "usage_hours", "usage_today"} {
		fill(b, "pgx", url, "vacuum analyze "+table)
	}
	return db, url
}

// BenchmarkConsolePages reports the time of what the console's pages about users read, among a million users of whom each
// has a session and called this month and today. Every second search finds nobody, so that all names are read.
func BenchmarkConsolePages(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres"} {
		b.Run(name, func(b *testing.B) {
			db := crowd(b, name)
			l := newLedger(db, noon())
			yes, admin := true, account.RoleAdmin
			for _, page := range []struct {
				name   string
				limit  int
				search func(i int) account.UserSearch
			}{
				{"list", 101, func(int) account.UserSearch { return account.UserSearch{} }},
				{"part of a name", 101, func(i int) account.UserSearch {
					return account.UserSearch{Query: []string{"nobody", "r4242"}[i%2]}
				}},
				{"administrators", 101, func(int) account.UserSearch { return account.UserSearch{Role: &admin} }},
				{"disabled, part of a name", 101, func(int) account.UserSearch {
					return account.UserSearch{Query: "9", Disabled: &yes}
				}},
				{"one user", 1, func(int) account.UserSearch { return account.UserSearch{} }},
			} {
				b.Run(page.name, func(b *testing.B) {
					var took []time.Duration
					for i := 0; b.Loop(); i++ {
						begun := time.Now()
						readConsolePage(b, db, l, page.search(i), page.limit, i)
						took = append(took, time.Since(begun))
					}
					b.ReportMetric(float64(percentile(took, 50).Microseconds())/1000, "ms/p50")
					b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "ms/p99")
				})
			}
		})
	}
}

// BenchmarkSearchAmongAMillionUsers reports the time of searches by a part of a name. Of the names that match some are all over the
// list, some are at its end, some are few; and none, so that all names are read. "after changes" is a database in which as many
// users were changed as may be until autovacuum runs.
func BenchmarkSearchAmongAMillionUsers(b *testing.B) {
	for _, name := range []string{"sqlite", "postgres", "postgres after changes"} {
		b.Run(name, func(b *testing.B) {
			kind, _, changed := strings.Cut(name, " ")
			db, url := crowdAt(b, kind)
			if changed {
				fill(b, "pgx", url, "update users set plan = null where id % 500 = 7")
			}
			no := false
			for _, search := range []struct {
				name   string
				search account.UserSearch
				after  string
			}{
				{"common", account.UserSearch{Query: "9"}, ""},
				{"at the end", account.UserSearch{Query: "ser9"}, ""},
				{"rare", account.UserSearch{Query: "r4242"}, ""},
				{"absent", account.UserSearch{Query: "nobody"}, ""},
				{"absent letter", account.UserSearch{Query: "z"}, ""},
				{"absent, from the middle", account.UserSearch{Query: "nobody"}, "user5"},
				{"absent and enabled", account.UserSearch{Query: "nobody", Disabled: &no}, ""},
			} {
				b.Run(search.name, func(b *testing.B) {
					var took []time.Duration
					for b.Loop() {
						begun := time.Now()
						if _, err := db.Users(b.Context(), search.search, search.after, 101); err != nil {
							b.Fatal(err)
						}
						took = append(took, time.Since(begun))
					}
					b.ReportMetric(float64(percentile(took, 50).Microseconds())/1000, "ms/p50")
					b.ReportMetric(float64(percentile(took, 99).Microseconds())/1000, "ms/p99")
				})
			}
		})
	}
}

func readConsolePage(b *testing.B, db *store.Store, l *ledger.Service, search account.UserSearch, limit, i int) {
	b.Helper()
	after := ""
	if search.Query == "" && search.Role == nil {
		after = fmt.Sprintf("user%d", i*7919%1000003)
	}
	users, err := db.Users(b.Context(), search, after, limit)
	if err != nil {
		b.Fatal(err)
	}
	if len(users) == 0 {
		return
	}
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = u.ID
	}
	seen, err := db.Presences(b.Context(), ids, noon(), noon().Add(-time.Hour))
	if err != nil || len(seen) != len(ids) {
		b.Fatal(len(seen), err)
	}
	if totals, err := l.MonthTotals(b.Context(), ids); err != nil || len(totals) != len(ids) {
		b.Fatal(len(totals), err)
	}
}
