package store

import (
	"context"
	"strings"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// UserUsage implements ledger.Store. Between its queries a day may be rolled and a batch may be added. Neither moves rows
// away from where the marks say that they are.
func (s *Store) UserUsage(ctx context.Context, userID int64, w ledger.Which, where func(ledger.Marks) []ledger.Span,
) (rows []ledger.Row, err error) {
	err = s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) error {
		rows = nil
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		for _, span := range where(marks) {
			more, err := readSpan(ctx, db, userID, w, span)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		return nil
	})
	return rows, err
}

// readSpan scans the rows itself: a year has many, and scanning with gorm takes as long as the query. It is one statement,
// so what was called with keys and the total are of the same moment.
func readSpan(ctx context.Context, db *gorm.DB, userID int64, w ledger.Which, span ledger.Span) ([]ledger.Row, error) {
	q := &query{}
	start := tablesOf(false).of(span.Of).start
	q.spans([]ledger.Span{span}, w, start+", route", strings.Split(countNames, ", "), func(q *query) {
		q.add(" and user_id = ?", userID)
		ofCalls(w)(q)
	})
	rows, err := gorm.G[hourRow](db).Raw(q.text.String(), q.args...).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	r, c := ledger.Row{UserID: userID}, counts{}
	into := []any{&r.Start, &r.Route}
	if w.ByKey {
		into = append(into, &r.KeyID)
	}
	into = append(into, places(&c)...)
	var list []ledger.Row
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return nil, err
		}
		r.Start, r.Counts = r.Start.UTC(), c.ledger()
		list = append(list, r)
	}
	return list, rows.Err()
}
