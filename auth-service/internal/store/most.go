package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// The users with the most calls are found without adding up all rows, by the threshold algorithm of Fagin, Lotem and Naor. There is a
// list for each day or month and route, which an index has in order, and one of the days that are not rolled, which is sorted. The
// first users of each list are candidates, whose calls are added up. Nobody else can have more calls than the last places of all lists
// together. If enough candidates have more, they are the ones; else more of each list is read, and in the end all rows.

const (
	// mostLists bounds how many lists are read. Of more, adding up all rows is no slower.
	mostLists = 400
	// mostCandidates bounds the parameters of a statement.
	mostCandidates = 5000
)

// mostDepths are how many users of each list are read, one attempt after the other.
func mostDepths() []int { return []int{100, 1500} }

type callerRow struct {
	UserID   int64
	Requests int64
}

// mostList is a list in which a user stands at most so many times.
type mostList struct {
	from  string // a table and conditions
	args  []any
	times int64
}

// mostOf finds the users with the most calls. found is false if that takes all rows.
func mostOf(ctx context.Context, db *gorm.DB, spans []ledger.Span, marks ledger.Marks, route string, limit int) (most []callerRow, found bool, err error) {
	lists, ok, err := mostListsOf(ctx, db, spans, marks, route)
	if err != nil || !ok {
		return nil, false, err
	}
	for _, depth := range mostDepths() {
		candidates := map[int64]bool{}
		var ends []callerRow
		for _, l := range lists {
			q := &query{}
			q.add("select user_id, requests from "+l.from+" order by requests desc, user_id limit ?", append(slices.Clone(l.args), depth)...)
			rows, err := gorm.G[callerRow](db).Raw(q.text.String(), q.args...).Find(ctx)
			if err != nil {
				return nil, false, err
			}
			for _, r := range rows {
				candidates[r.UserID] = true
			}
			if len(rows) == depth {
				end := rows[depth-1]
				end.Requests *= l.times
				ends = append(ends, end)
			}
		}
		if len(candidates) > mostCandidates {
			return nil, false, nil
		}
		if most, err = sumsOf(ctx, db, spans, route, candidates, limit); err != nil {
			return nil, false, err
		}
		if areMost(most, ends, limit) {
			return most, true, nil
		}
	}
	return nil, false, nil
}

// areMost reports whether nobody who was not read comes before the last of most. ends are the last places that were read of lists
// that go on. Of users with as many calls the one with the lowest id comes first, in lists too.
func areMost(most, ends []callerRow, limit int) bool {
	if len(ends) == 0 {
		return true
	}
	if len(most) < limit {
		return false
	}
	last, others, above := most[limit-1], int64(0), int64(0)
	for _, end := range ends {
		others += end.Requests
		if end.Requests > 0 {
			above = max(above, end.UserID)
		}
	}
	return last.Requests > others || last.Requests == others && last.UserID <= above
}

// sumsOf adds up the calls of users, and returns those with the most.
func sumsOf(ctx context.Context, db *gorm.DB, spans []ledger.Span, route string, users map[int64]bool, limit int) ([]callerRow, error) {
	if len(users) == 0 {
		return nil, nil
	}
	ids := make([]int64, 0, len(users))
	for id := range users {
		ids = append(ids, id)
	}
	slices.Sort(ids)
	w := ledger.Which{Route: route}
	q := &query{}
	q.add("select user_id, cast(sum(requests) as bigint) requests from (")
	q.spans(spans, w, "user_id", []string{"requests"}, func(q *query) {
		q.add(" and user_id in ?", ids)
		ofCalls(w)(q)
	})
	q.add(") s group by user_id")
	rows, err := gorm.G[callerRow](db).Raw(q.text.String(), q.args...).Find(ctx)
	slices.SortFunc(rows, func(a, b callerRow) int {
		return cmp.Or(cmp.Compare(b.Requests, a.Requests), cmp.Compare(a.UserID, b.UserID))
	})
	return rows[:min(len(rows), limit)], err
}

// mostListsOf returns the lists whose sum the spans are. ok is false if there are none, or too many: a part of a day, and a route
// of a day that is not rolled, have no list.
func mostListsOf(ctx context.Context, db *gorm.DB, spans []ledger.Span, marks ledger.Marks, route string) (lists []mostList, ok bool, err error) {
	for _, s := range spans {
		if s.Of == ledger.ByHour {
			list, ok, err := todaysList(ctx, db, s, marks, route)
			if err != nil || !ok {
				return nil, false, err
			}
			lists = append(lists, list...)
			continue
		}
		routes, err := routesOf(ctx, db, s.Period, route)
		if err != nil {
			return nil, false, err
		}
		t := tablesOf(false).of(s.Of)
		for start := s.From; start.Before(s.To); {
			for _, one := range routes {
				lists = append(lists, mostList{from: t.name + " where " + t.start + " = ? and route = ?", args: []any{start, one}, times: 1})
			}
			if len(lists) > mostLists {
				return nil, false, nil
			}
			if s.Of == ledger.ByMonth {
				start = start.AddDate(0, 1, 0)
			} else {
				start = start.AddDate(0, 0, 1)
			}
		}
	}
	return lists, true, nil
}

// routesOf returns the routes that were called.
func routesOf(ctx context.Context, db *gorm.DB, p ledger.Period, route string) (routes []string, err error) {
	if route != "" {
		return []string{route}, nil
	}
	rows, err := gorm.G[hourRow](db).Raw("select distinct route from usage_totals where hour >= ? and hour < ?", p.From, p.To).Find(ctx)
	for i := range rows {
		routes = append(routes, rows[i].Route)
	}
	return routes, err
}

// todaysList returns the list of the days of a span that are not rolled, or none if there are no such days.
func todaysList(ctx context.Context, db *gorm.DB, s ledger.Span, marks ledger.Marks, route string) (list []mostList, ok bool, err error) {
	from := s.From
	if s.Unrolled && from.Before(marks.Rolled) {
		from = marks.Rolled
	}
	whole := from.Equal(ledger.ByDay.Start(from)) && s.To.Equal(ledger.ByDay.Start(s.To))
	if route != "" || !whole || from.Before(marks.Rolled) {
		return nil, false, nil
	}
	const condition = "usage_today where day >= ? and day < ?"
	args := []any{from, s.To}
	var ends [2]time.Time
	for i, order := range []string{"", " desc"} {
		day, err := gorm.G[dayRow](db).Raw("select day from "+condition+" order by day"+order+" limit 1", args...).Find(ctx)
		if err != nil || len(day) == 0 {
			return nil, err == nil, err
		}
		ends[i] = day[0].Day
	}
	return []mostList{{from: condition, args: args, times: 1 + int64(ends[1].Sub(ends[0])/(24*time.Hour))}}, true, nil
}
