package store

import (
	"context"
	"database/sql"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// postgresBulk sends whole columns as arrays: one statement, planned once, for any number of rows. gorm would expand each
// array into single values, so the statements bypass it.
type postgresBulk struct{}

// planned has each query planned for its own values. After five times PostgreSQL would use one plan for all values.
func (postgresBulk) planned(ctx context.Context, db *gorm.DB, queries func(db *gorm.DB) error) error {
	return readWith(ctx, db, "set local plan_cache_mode = force_custom_plan", queries)
}

// sum gives the query the memory that a million groups need. With PostgreSQL's default of 4 MB it would sort them in
// files, in 45 parts instead of 5.
func (postgresBulk) sum(ctx context.Context, db *gorm.DB, query func(db *gorm.DB) error) error {
	return readWith(ctx, db, "set local work_mem = '96MB'", query)
}

// readWith runs queries in a transaction that has a setting of its own.
func readWith(ctx context.Context, db *gorm.DB, setting string, queries func(db *gorm.DB) error) error {
	return db.WithContext(ctx).Transaction(func(tx *gorm.DB) error {
		if _, err := tx.Statement.ConnPool.ExecContext(ctx, setting); err != nil {
			return err
		}
		return queries(tx)
	}, &sql.TxOptions{ReadOnly: true})
}

func (postgresBulk) add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	var (
		users, starts, routes = make([]int64, len(rows)), make([]time.Time, len(rows)), make([]string, len(rows))
		keys                  = make([]int64, len(rows))
		columns               [7][]int64
	)
	for i := range columns {
		columns[i] = make([]int64, len(rows))
	}
	for i := range rows {
		r := &rows[i]
		users[i], starts[i], routes[i], keys[i] = r.UserID, r.Start, r.Route, r.KeyID
		for c, value := range newCounts(r.Counts).values() {
			columns[c][i] = value
		}
	}
	keyColumn, keyArray := "", "" // the totals have none
	args := []any{users, starts, routes}
	for _, c := range columns {
		args = append(args, c)
	}
	if t.ofKeys {
		keyColumn, keyArray = ", key_id", ", $11::bigint[]"
		args = append(args, keys)
	}
	_, err := tx.Statement.ConnPool.ExecContext(ctx, fmt.Sprintf(`
insert into %[1]s as t (user_id, %[2]s, route, %[3]s%[5]s)
select * from unnest($1::bigint[], $2::timestamptz[], $3::text[],
    $4::bigint[], $5::bigint[], $6::bigint[], $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[]%[6]s)
on conflict (%[7]s) do update set
    %[4]s`, t.name, t.start, countNames, each("%[1]s = t.%[1]s + excluded.%[1]s", ", "), keyColumn, keyArray, t.primary()), args...)
	return err
}

func (postgresBulk) addToday(ctx context.Context, tx *gorm.DB, rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	days, users, requests := make([]time.Time, len(rows)), make([]int64, len(rows)), make([]int64, len(rows))
	for i := range rows {
		days[i], users[i], requests[i] = rows[i].Start, rows[i].UserID, rows[i].Requests
	}
	_, err := tx.Statement.ConnPool.ExecContext(ctx, `
insert into usage_today as t (day, user_id, requests) select * from unnest($1::timestamptz[], $2::bigint[], $3::bigint[])
on conflict (day, user_id) do update set requests = t.requests + excluded.requests`, days, users, requests)
	return err
}

// noteUses locks the keys one by one before it changes any. An update alone would lock them in the order of a plan, and deadlock
// beside another batch.
func (postgresBulk) noteUses(ctx context.Context, tx *gorm.DB, uses []ledger.KeyUse) error {
	if len(uses) == 0 {
		return nil
	}
	keys, times, before := make([]int64, len(uses)), make([]time.Time, len(uses)), make([]time.Time, len(uses))
	for i, use := range uses {
		keys[i], times[i], before[i] = use.KeyID, use.At, use.At.Add(-ledger.KeyUsePrecision)
	}
	_, err := tx.Statement.ConnPool.ExecContext(ctx, `
with used as (
    select k.id, u.at from unnest($1::bigint[], $2::timestamptz[], $3::timestamptz[]) as u (id, at, before)
    join api_keys k on k.id = u.id
    where k.last_used_at is null or k.last_used_at < u.before
    order by k.id for no key update of k)
update api_keys k set last_used_at = used.at from used where k.id = used.id`, keys, times, before)
	return err
}

func (postgresBulk) settle(ctx context.Context, tx *gorm.DB, gateway string, of []delivered) error {
	for _, table := range leaseTables() {
		var users, keys, units []int64
		var steps []string
		var starts []time.Time
		for i := range of {
			if at, _, _ := leasesOf(of[i].Scope); at == table {
				users, keys, units = append(users, of[i].UserID), append(keys, of[i].KeyID), append(units, of[i].units)
				steps, starts = append(steps, stepName(of[i].Step)), append(starts, of[i].From)
			}
		}
		if len(users) == 0 {
			continue
		}
		scope := "l.month = d.start and d.key_id = 0 and d.step = 'month'"
		if table == otherScopes {
			scope = "l.key_id = d.key_id and l.step = d.step and l.start = d.start"
		}
		_, err := tx.Statement.ConnPool.ExecContext(ctx, `
update `+table+` l set reserved = greatest(l.reserved - d.units, 0)
from unnest($2::bigint[], $3::bigint[], $4::text[], $5::timestamptz[], $6::bigint[]) as d (user_id, key_id, step, start, units)
where l.gateway = $1 and l.user_id = d.user_id and `+scope+` and l.reserved > 0`, gateway, users, keys, steps, starts, units)
		if err != nil {
			return err
		}
	}
	return nil
}
