package store

import (
	"context"
	"slices"
	"strings"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// sqliteBulk inserts several hundred rows per statement. More would gain nothing: there is no network in between.
type sqliteBulk struct{}

const sqliteRowsAtOnce = 500

func (sqliteBulk) planned(_ context.Context, db *gorm.DB, queries func(db *gorm.DB) error) error {
	return queries(db)
}

func (sqliteBulk) sum(_ context.Context, db *gorm.DB, query func(db *gorm.DB) error) error {
	return query(db)
}

// add bypasses gorm, which takes longer to build such a statement than SQLite to run it.
func (sqliteBulk) add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error {
	for some := range slices.Chunk(rows, sqliteRowsAtOnce) {
		args := make([]any, 0, 11*len(some))
		for i := range some {
			r := &some[i]
			args = append(args, r.UserID, r.Start, r.Route)
			if t.ofKeys {
				args = append(args, r.KeyID)
			}
			for _, value := range newCounts(r.Counts).values() {
				args = append(args, value)
			}
		}
		row := "(?" + strings.Repeat(", ?", len(args)/len(some)-1) + ")"
		_, err := tx.Statement.ConnPool.ExecContext(ctx, "insert into "+t.name+" ("+t.primary()+", "+countNames+") values "+
			row+strings.Repeat(", "+row, len(some)-1)+" on conflict ("+t.primary()+") do update set "+
			each("%[1]s = "+t.name+".%[1]s + excluded.%[1]s", ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (sqliteBulk) addToday(ctx context.Context, tx *gorm.DB, rows []ledger.Row) error {
	for some := range slices.Chunk(rows, sqliteRowsAtOnce) {
		args := make([]any, 0, 3*len(some))
		for i := range some {
			args = append(args, some[i].Start, some[i].UserID, some[i].Requests)
		}
		_, err := tx.Statement.ConnPool.ExecContext(ctx, "insert into usage_today (day, user_id, requests) values (?, ?, ?)"+
			strings.Repeat(", (?, ?, ?)", len(some)-1)+
			" on conflict (day, user_id) do update set requests = usage_today.requests + excluded.requests", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (sqliteBulk) noteUses(ctx context.Context, tx *gorm.DB, uses []ledger.KeyUse) error {
	for some := range slices.Chunk(uses, sqliteRowsAtOnce) {
		args := make([]any, 0, 3*len(some))
		for _, use := range some {
			args = append(args, use.KeyID, use.At, use.At.Add(-ledger.KeyUsePrecision))
		}
		_, err := tx.Statement.ConnPool.ExecContext(ctx, "with used (id, at, before) as (values (?, ?, ?)"+
			strings.Repeat(", (?, ?, ?)", len(some)-1)+") update api_keys set last_used_at = used.at from used"+
			" where api_keys.id = used.id and (last_used_at is null or last_used_at < used.before)", args...)
		if err != nil {
			return err
		}
	}
	return nil
}

func (sqliteBulk) settle(ctx context.Context, tx *gorm.DB, gateway string, of []delivered) error {
	for i := range of {
		table, _, _ := leasesOf(of[i].Scope)
		q := &query{}
		q.add("update "+table+" set reserved = max(reserved - ?, 0) where ", of[i].units)
		q.ofScope(of[i].Scope)
		q.add(" and gateway = ? and reserved > 0", gateway)
		if err := gorm.G[leaseRow](tx).Exec(ctx, q.text.String(), q.args...); err != nil {
			return err
		}
	}
	return nil
}
