package store

import (
	"context"
	"database/sql"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

type lineRow struct {
	UserID   int64
	Username *string
	Route    string
	KeyID    int64
	Counts   counts `gorm:"embedded"`
}

func (r lineRow) line() ledger.Line {
	line := ledger.Line{UserID: r.UserID, Route: r.Route, KeyID: r.KeyID, Counts: r.Counts.ledger()}
	if r.Username != nil {
		line.Username = *r.Username
	}
	return line
}

// UsageLines implements ledger.Store.
func (s *Store) UsageLines(ctx context.Context, l ledger.Listing, where func(ledger.Marks) []ledger.Span,
) (lines []ledger.Line, err error) {
	err = s.readWithin(ctx, ledger.PageWithin, s.known(), func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		q := pageQuery(where(marks), l)
		return s.engine.bulk.sum(ctx, db, func(db *gorm.DB) error {
			rows, err := gorm.G[lineRow](db).Raw(q.text.String(), q.args...).Find(ctx)
			lines = make([]ledger.Line, len(rows))
			for i, r := range rows {
				lines[i] = r.line()
			}
			return err
		})
	})
	return lines, err
}

// ExportUsage implements ledger.Store. After the first line it has no timeout: it takes as long as its reader. ctx ends
// it.
func (s *Store) ExportUsage(ctx context.Context, w ledger.Which, where func(ledger.Marks) []ledger.Span, e ledger.Exporter,
) error {
	return s.readWithin(ctx, noTimeout, s.known(), func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		spans := where(marks)
		if err := e.Begin(ledger.Covered(spans)); err != nil {
			return err
		}
		q := linesQuery(spans, w, ofCalls(w))
		q.add(" group by " + lineKeys(w, "s.") + ") l left join users u on u.id = l.user_id order by " + lineKeys(w, "l."))
		ctx, cancel := context.WithCancel(ctx)
		defer cancel()
		late := time.AfterFunc(ledger.ExportWithin, cancel)
		defer late.Stop()
		rows, err := gorm.G[lineRow](db).Raw(q.text.String(), q.args...).Rows(ctx)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err reports it
		for rows.Next() {
			late.Stop()
			line, err := scanLine(rows)
			if err != nil {
				return err
			}
			if err := e.Line(line); err != nil {
				return err
			}
		}
		return rows.Err()
	})
}

func scanLine(rows *sql.Rows) (ledger.Line, error) {
	var r lineRow
	err := rows.Scan(append([]any{&r.UserID, &r.Username, &r.Route, &r.KeyID}, places(&r.Counts)...)...)
	return r.line(), err
}
