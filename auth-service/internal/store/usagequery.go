package store

import (
	"context"
	"database/sql"
	"strings"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// reportTimeout bounds a page about all users.
const reportTimeout = 30 * time.Second

// UserUsage implements ledger.Store. Between its queries a day may be rolled and a batch may come: neither changes what
// the marks have promised.
func (s *Store) UserUsage(ctx context.Context, userID int64, route string, where func(ledger.Marks) []ledger.Span,
) (rows []ledger.Row, err error) {
	err = s.read(ctx, func(ctx context.Context, db *gorm.DB) error {
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

// readSpan scans by hand: a year has many rows, and gorm's way costs as much as the query.
func readSpan(ctx context.Context, db *gorm.DB, userID int64, route string, span ledger.Span) ([]ledger.Row, error) {
	t := hours
	if span.Daily {
		t = days
	}
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
	defer rows.Close() //nolint:errcheck // rows.Err tells
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

type lineRow struct {
	UserID   int64
	Username *string
	Route    string
	Counts   counts `gorm:"embedded"`
}

func (r lineRow) line() ledger.Line {
	line := ledger.Line{UserID: r.UserID, Route: r.Route, Counts: ledger.Counts(r.Counts)}
	if r.Username != nil {
		line.Username = *r.Username
	}
	return line
}

// UsageLines implements ledger.Store.
func (s *Store) UsageLines(ctx context.Context, l ledger.Listing, where func(ledger.Marks) []ledger.Span,
) (lines []ledger.Line, err error) {
	err = s.readWithin(ctx, reportTimeout, func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		q := linesQuery(where(marks), l.Route)
		q.page(l)
		rows, err := gorm.G[lineRow](db).Raw(q.text.String(), q.args...).Find(ctx)
		lines = make([]ledger.Line, len(rows))
		for i, r := range rows {
			lines[i] = r.line()
		}
		return err
	})
	return lines, err
}

// ExportUsage implements ledger.Store. It takes as long as its reader does; ctx ends it.
func (s *Store) ExportUsage(ctx context.Context, route string, where func(ledger.Marks) []ledger.Span, e ledger.Exporter,
) error {
	return s.readWithin(ctx, forever, func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		spans := where(marks)
		if err := e.Begin(ledger.Covered(spans)); err != nil {
			return err
		}
		q := linesQuery(spans, route)
		q.add(") l left join users u on u.id = l.user_id order by l.user_id, l.route")
		rows, err := gorm.G[lineRow](db).Raw(q.text.String(), q.args...).Rows(ctx)
		if err != nil {
			return err
		}
		defer rows.Close() //nolint:errcheck // rows.Err tells
		for rows.Next() {
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
	err := rows.Scan(&r.UserID, &r.Username, &r.Route, &r.Counts.Requests, &r.Counts.ClientErrors, &r.Counts.ServerErrors,
		&r.Counts.RateLimited, &r.Counts.BytesIn, &r.Counts.BytesOut)
	return r.line(), err
}

// query is a statement in the making. Texts are ours, values are arguments.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

// linesQuery begins a query of what each user called on each route; the caller closes its parenthesis.
func linesQuery(spans []ledger.Span, route string) *query {
	q := &query{}
	q.add("select l.user_id, u.username, l.route, " + countNames + " from (select user_id, route, " + sums() + " from (")
	q.spans(spans, "user_id, route, "+countNames, func() {
		if route != "" {
			q.add(" and route = ?", route)
		}
	})
	q.add(") s group by user_id, route")
	return q
}

// spans adds a select of the columns from each span.
func (q *query) spans(spans []ledger.Span, columns string, more func()) {
	for i, span := range spans {
		if i > 0 {
			q.add(" union all ")
		}
		t := hours
		if span.Daily {
			t = days
		}
		q.add("select "+columns+" from "+t.name+" where "+t.start+" >= ? and "+t.start+" < ?", span.From, span.To)
		more()
	}
}

// page ends a linesQuery: the lines after l.After, at most l.Limit.
func (q *query) page(l ledger.Listing) {
	order := "user_id, route"
	if l.MostCalls {
		order = "requests desc, user_id, route"
	}
	switch {
	case l.After == nil:
	case l.MostCalls:
		q.add(" having sum(requests) < ? or (sum(requests) = ? and (user_id, route) > (?, ?))",
			l.After.Requests, l.After.Requests, l.After.UserID, l.After.Route)
	default:
		q.add(" having (user_id, route) > (?, ?)", l.After.UserID, l.After.Route)
	}
	q.add(" order by "+order+" limit ?", l.Limit)
	q.add(") l left join users u on u.id = l.user_id order by l." + strings.Replace(order, " user_id", " l.user_id", 1))
}
