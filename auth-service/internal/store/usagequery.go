package store

import (
	"context"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// UserUsage implements ledger.Store. Between its queries a day may be rolled and a batch may be added. Neither moves rows
// away from where the marks say that they are.
func (s *Store) UserUsage(ctx context.Context, userID int64, route string, where func(ledger.Marks) []ledger.Span,
) (rows []ledger.Row, err error) {
	err = s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) error {
		rows = nil
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		for _, span := range where(marks) {
			more, err := readSpan(ctx, db, userID, route, span)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		return nil
	})
	return rows, err
}

// readSpan scans the rows itself: a year has many, and scanning with gorm takes as long as the query.
func readSpan(ctx context.Context, db *gorm.DB, userID int64, route string, span ledger.Span) ([]ledger.Row, error) {
	t := tableOf(span.Of)
	q := &query{}
	q.add("select "+t.start+", route, "+countNames+" from "+t.name+" where user_id = ? and "+t.start+" >= ? and "+t.start+" < ?",
		userID, span.From, span.To)
	if route != "" {
		q.add(" and route = ?", route)
	}
	rows, err := gorm.G[hourRow](db).Raw(q.text.String(), q.args...).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	var list []ledger.Row
	for rows.Next() {
		r := ledger.Row{UserID: userID}
		err := rows.Scan(&r.Start, &r.Route, &r.Requests, &r.ClientErrors, &r.ServerErrors, &r.RateLimited, &r.BytesIn, &r.BytesOut)
		if err != nil {
			return nil, err
		}
		r.Start = r.Start.UTC()
		list = append(list, r)
	}
	return list, rows.Err()
}
