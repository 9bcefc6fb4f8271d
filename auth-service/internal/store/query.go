package store

import (
	"strings"

	"tallygate/auth-service/internal/ledger"
)

// query builds a statement. The text is ours; values are always arguments.
type query struct {
	text strings.Builder
	args []any
}

func (q *query) add(text string, args ...any) {
	q.text.WriteString(text)
	q.args = append(q.args, args...)
}

// filter adds conditions to a statement that has a where clause.
type filter func(q *query)

// ofRoute selects the rows of one route, or all rows if it is empty.
func ofRoute(route string) filter {
	return func(q *query) {
		if route != "" {
			q.add(" and route = ?", route)
		}
	}
}

// span adds a select of the columns from the rows of a span.
func (q *query) span(s ledger.Span, columns string, more filter) {
	t := tableOf(s.Of)
	q.add("select "+columns+" from "+t.name+" where "+t.start+" >= ? and "+t.start+" < ?", s.From, s.To)
	if s.Unrolled {
		q.add(" and " + t.start + " >= (select rolled from ledger_marks where id = 1)")
	}
	more(q)
}

// spans adds a select of the columns from the rows of all spans.
func (q *query) spans(spans []ledger.Span, columns string, more filter) {
	for i, s := range spans {
		if i > 0 {
			q.add(" union all ")
		}
		q.span(s, columns, more)
	}
}

// linesQuery begins a query of the calls of each user on each route. The caller adds the grouping and closes the
// parenthesis.
func linesQuery(spans []ledger.Span, more filter) *query {
	q := &query{}
	q.lines(spans, more)
	return q
}

func (q *query) lines(spans []ledger.Span, more filter) {
	q.add("select l.user_id, u.username, l.route, " + countNames + " from (select s.user_id, s.route, " + sums() + " from (")
	q.spans(spans, "user_id, route, "+countNames, more)
	q.add(") s")
}

// pageQuery first finds the keys of a page, which reads few columns, and then sums all counts of those keys.
func pageQuery(spans []ledger.Span, l ledger.Listing) *query {
	q := &query{}
	q.add("with page as (")
	order := "l.user_id, l.route"
	if l.MostCalls {
		order = "l.requests desc, " + order
		q.keysByCalls(spans, l)
	} else {
		q.keysByUser(spans, l)
	}
	q.add(") ")
	q.lines(spans, func(q *query) {
		ofRoute(l.Route)(q)
		q.add(" and user_id in (select user_id from page)")
	})
	q.add(" join page p on p.user_id = s.user_id and p.route = s.route group by s.user_id, s.route" +
		") l left join users u on u.id = l.user_id order by " + order)
	return q
}

// keysByCalls finds the keys with the most calls. It has to sum all rows.
func (q *query) keysByCalls(spans []ledger.Span, l ledger.Listing) {
	q.add("select user_id, route from (")
	q.spans(spans, "user_id, route, requests", ofRoute(l.Route))
	q.add(") s group by user_id, route")
	if l.After != nil {
		q.add(" having sum(requests) < ? or (sum(requests) = ? and (user_id, route) > (?, ?))",
			l.After.Requests, l.After.Requests, l.After.UserID, l.After.Route)
	}
	q.add(" order by sum(requests) desc, user_id, route limit ?", l.Limit)
}

// keysByUser finds the next keys by user and route. It reads a page of each span, in the order of the index.
func (q *query) keysByUser(spans []ledger.Span, l ledger.Listing) {
	q.add("select user_id, route from (")
	for i, s := range spans {
		if i > 0 {
			q.add(" union ")
		}
		q.add("select * from (")
		q.span(s, "distinct user_id, route", func(q *query) {
			ofRoute(l.Route)(q)
			if l.After != nil {
				q.add(" and (user_id, route) > (?, ?)", l.After.UserID, l.After.Route)
			}
		})
		q.add(" order by user_id, route limit ?) k", l.Limit)
	}
	q.add(") k order by user_id, route limit ?", l.Limit)
}
