package store

import (
	"context"
	"strings"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/ledger"
)

// sqliteBulk inserts several hundred rows per statement. More would gain nothing: there is no network in between.
type sqliteBulk struct{}

const sqliteRowsAtOnce = 500

func (sqliteBulk) sum(_ context.Context, db *gorm.DB, query func(db *gorm.DB) error) error {
	return query(db)
}

func (sqliteBulk) add(ctx context.Context, tx *gorm.DB, t table, rows []ledger.Row) error {
	if len(rows) == 0 {
		return nil
	}
	switch t {
	case hours:
		into := make([]hourRow, len(rows))
		for i, r := range rows {
			into[i] = hourRow{UserID: r.UserID, Hour: r.Start, Route: r.Route, Counts: counts(r.Counts)}
		}
		return insertInto(ctx, tx, t, into)
	case days:
		into := make([]dayRow, len(rows))
		for i, r := range rows {
			into[i] = dayRow{UserID: r.UserID, Day: r.Start, Route: r.Route, Counts: counts(r.Counts)}
		}
		return insertInto(ctx, tx, t, into)
	}
	into := make([]monthRow, len(rows))
	for i, r := range rows {
		into[i] = monthRow{UserID: r.UserID, Month: r.Start, Route: r.Route, Counts: counts(r.Counts)}
	}
	return insertInto(ctx, tx, t, into)
}

func insertInto[R any](ctx context.Context, tx *gorm.DB, t table, rows []R) error {
	return gorm.G[R](tx, addTo(t)).CreateInBatches(ctx, &rows, sqliteRowsAtOnce)
}

// addTo adds the counts of a new row to the row that has the same key.
func addTo(t table) clause.OnConflict {
	sums := map[string]any{}
	for column := range strings.SplitSeq(countNames, ", ") {
		sums[column] = gorm.Expr(t.name + "." + column + " + excluded." + column)
	}
	return clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}, {Name: t.start}, {Name: "route"}},
		DoUpdates: clause.Assignments(sums),
	}
}

func (sqliteBulk) settle(ctx context.Context, tx *gorm.DB, gateway string, delivered []ledger.Row) error {
	for _, d := range delivered {
		_, err := gorm.G[leaseRow](tx).
			Where("gateway = ? and user_id = ? and month = ? and reserved > 0", gateway, d.UserID, d.Start).
			Update(ctx, "reserved", gorm.Expr("max(reserved - ?, 0)", d.Requests))
		if err != nil {
			return err
		}
	}
	return nil
}
