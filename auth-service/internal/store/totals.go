package store

import (
	"context"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// totalsTable has the rows of all users by hour and route.
func totalsTable() table { return table{name: "usage_totals", start: "hour"} }

// totalsAtOnce bounds the parameters of a statement.
const totalsAtOnce = 500

// addTotals adds the rows of a batch to the totals. It is the last thing of the transaction: all batches change the same few rows, and
// so wait for each other from here to the end. The rows are sorted, so that no two wait for each other.
func addTotals(ctx context.Context, tx *gorm.DB, rows []ledger.Row) error {
	rows = slices.Clone(rows)
	for i := range rows {
		rows[i].UserID, rows[i].KeyID = 0, 0
	}
	for some := range slices.Chunk(ledger.Merge(rows), totalsAtOnce) {
		args := make([]any, 0, 10*len(some))
		for i := range some {
			args = append(args, some[i].Start, ledger.ByDay.Start(some[i].Start), some[i].Route)
			for _, value := range newCounts(some[i].Counts).values() {
				args = append(args, value)
			}
		}
		const row = "(?, ?, ?, ?, ?, ?, ?, ?, ?, ?)"
		err := gorm.G[hourRow](tx).Exec(ctx, "insert into usage_totals (hour, day, route, "+countNames+") values "+
			row+strings.Repeat(", "+row, len(some)-1)+" on conflict (hour, route) do update set "+
			each("%[1]s = usage_totals.%[1]s + excluded.%[1]s", ", "), args...)
		if err != nil {
			return err
		}
	}
	return nil
}

// mendTotals makes the totals of days that are rolled anew where they differ from the rows of users. They do if an auth-service of the
// version before, which has no totals, has added batches. The caller holds the lock of the marks, so no late batch is added meanwhile.
func mendTotals(ctx context.Context, tx *gorm.DB, marks ledger.Marks) error {
	found, err := gorm.G[comparison](tx).Raw("select " + each("g.%[1]s got_%[1]s, w.%[1]s want_%[1]s", ", ") +
		" from (select " + sums() + " from usage_totals) g cross join (select " + sums() + " from usage_gateways) w").Take(ctx)
	if err != nil || found.Got == found.Want {
		return err
	}
	return eachRolledDay(ctx, tx, marks, func(day, next time.Time) error {
		different, err := compareDay(ctx, tx, tablesOf(false).days, day, next)
		if err != nil || len(different) == 0 {
			return err
		}
		if err := gorm.G[hourRow](tx).Exec(ctx, "delete from usage_totals where hour >= ? and hour < ?", day, next); err != nil {
			return err
		}
		from := tablesOf(false).hours
		if day.Before(marks.Pruned) {
			from = tablesOf(false).days
		}
		return gorm.G[hourRow](tx).Exec(ctx, "insert into usage_totals (hour, day, route, "+countNames+") select "+from.start+", cast(? as timestamptz), route, "+
			sums()+" from "+from.name+" where "+from.start+" >= ? and "+from.start+" < ? group by "+from.start+", route", day, day, next)
	})
}

// TotalUsage implements ledger.Store.
func (s *Store) TotalUsage(ctx context.Context, by ledger.Step, route string, where func(ledger.Marks) ledger.Period,
) (rows []ledger.Row, err error) {
	start := "day"
	if by == ledger.ByHour {
		start = "hour"
	}
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		p := where(marks)
		q := &query{}
		q.add("select "+start+" at, 0 user_id, route, "+sums()+" from usage_totals where hour >= ? and hour < ?", p.From, p.To)
		ofCalls(ledger.Which{Route: route})(q)
		q.add(" group by " + start + ", route")
		rows, err = findRows(ctx, db, q)
		return err
	})
	return rows, err
}

// MostCalling implements ledger.Store.
func (s *Store) MostCalling(ctx context.Context, route string, limit int, where func(ledger.Marks) []ledger.Span,
) (callers []ledger.Caller, err error) {
	err = s.readWithin(ctx, ledger.PageWithin, s.known(), func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		spans := where(marks)
		var most []callerRow
		found := false
		err = s.engine.bulk.planned(ctx, db, func(db *gorm.DB) (err error) {
			most, found, err = mostOf(ctx, db, spans, marks, route, limit)
			return err
		})
		if err != nil {
			return err
		}
		if now, err := readMarks(ctx, db); err != nil {
			return err
		} else if now != marks || !found { // rows may have moved between the queries: one statement reads all of them
			if most, err = s.mostOfAll(ctx, db, where(now), route, limit); err != nil {
				return err
			}
		}
		callers, err = nameCallers(ctx, db, most)
		return err
	})
	return callers, err
}

// mostOfAll adds up the rows of all users.
func (s *Store) mostOfAll(ctx context.Context, db *gorm.DB, spans []ledger.Span, route string, limit int) (most []callerRow, err error) {
	w := ledger.Which{Route: route}
	q := &query{}
	q.add("select user_id, cast(sum(requests) as bigint) requests from (")
	q.spans(spans, w, "user_id", []string{"requests"}, ofCalls(w))
	q.add(") s group by user_id order by requests desc, user_id limit ?", limit)
	err = s.engine.bulk.sum(ctx, db, func(db *gorm.DB) error {
		most, err = gorm.G[callerRow](db).Raw(q.text.String(), q.args...).Find(ctx)
		return err
	})
	return most, err
}

// nameCallers finds the names of users.
func nameCallers(ctx context.Context, db *gorm.DB, most []callerRow) ([]ledger.Caller, error) {
	ids, callers := make([]int64, len(most)), make([]ledger.Caller, len(most))
	for i, m := range most {
		ids[i] = m.UserID
	}
	users, err := gorm.G[userRow](db).Select("id", "username").Where("id in ?", ids).Find(ctx)
	names := make(map[int64]string, len(users))
	for i := range users {
		names[users[i].ID] = users[i].Username
	}
	for i, m := range most {
		callers[i] = ledger.Caller{UserID: m.UserID, Username: names[m.UserID]}
	}
	return callers, err
}

// UsageOfUsers implements ledger.Store.
func (s *Store) UsageOfUsers(ctx context.Context, users []ledger.Caller, route string, where func(ledger.Marks) []ledger.Span,
) (rows []ledger.Row, err error) {
	if len(users) == 0 {
		return nil, nil
	}
	ids := make([]int64, len(users))
	for i, u := range users {
		ids[i] = u.UserID
	}
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		rows = nil
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		for _, span := range where(marks) {
			q := &query{}
			start := tablesOf(false).of(span.Of).start
			q.spans([]ledger.Span{span}, ledger.Which{}, start+" at, user_id, route", strings.Split(countNames, ", "), func(q *query) {
				q.add(" and user_id in ?", ids)
				ofCalls(ledger.Which{Route: route})(q)
			})
			more, err := findRows(ctx, db, q)
			if err != nil {
				return err
			}
			rows = append(rows, more...)
		}
		return nil
	})
	return rows, err
}

// findRows runs a query of a start, a user, a route, and the counts. It scans the rows itself, as readSpan does.
func findRows(ctx context.Context, db *gorm.DB, q *query) (list []ledger.Row, err error) {
	rows, err := gorm.G[hourRow](db).Raw(q.text.String(), q.args...).Rows(ctx)
	if err != nil {
		return nil, err
	}
	defer rows.Close() //nolint:errcheck // rows.Err reports it
	for rows.Next() {
		var r ledger.Row
		var c counts
		if err := rows.Scan(append([]any{&r.Start, &r.UserID, &r.Route}, places(&c)...)...); err != nil {
			return nil, err
		}
		r.Start, r.Counts = r.Start.UTC(), c.ledger()
		list = append(list, r)
	}
	return list, rows.Err()
}
