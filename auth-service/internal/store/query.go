package store

import (
	"slices"
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

// ofCalls selects the rows of one route, or all rows if it is empty, and those of one API key.
func ofCalls(w ledger.Which) filter {
	return func(q *query) {
		if w.Route != "" {
			q.add(" and route = ?", w.Route)
		}
		if w.KeyID != 0 {
			q.add(" and key_id = ?", w.KeyID)
		}
	}
}

// source is where rows are read from, and as what.
type source struct {
	tables
	key  string // an expression: the column key_id, or none
	sign string // a minus subtracts
}

const noKey = "cast(0 as bigint)"

// sourcesOf returns the sources whose sum is wanted. Without an API key was called what is in the total and not with a key:
// the sources are read in one statement, so the difference is of one moment.
func sourcesOf(w ledger.Which) []source {
	switch {
	case w.KeyID != 0:
		return []source{{tablesOf(true), "key_id", ""}}
	case w.ByKey:
		return []source{{tablesOf(false), noKey, ""}, {tablesOf(true), "key_id", ""}, {tablesOf(true), noKey, "-"}}
	}
	return []source{{tablesOf(false), noKey, ""}}
}

// span adds a select of the columns from the rows of a span.
func (q *query) span(s ledger.Span, from source, columns string, more filter) {
	t := from.of(s.Of)
	q.add("select "+columns+" from "+t.name+" where "+t.start+" >= ? and "+t.start+" < ?", s.From, s.To)
	if s.Unrolled {
		q.add(" and " + t.start + " >= (select rolled from ledger_marks where id = 1)")
	}
	more(q)
}

// spans adds a select from the rows of all spans and sources: the keys, and the counts with their sign.
func (q *query) spans(spans []ledger.Span, w ledger.Which, keys string, counts []string, more filter) {
	between := ""
	for _, s := range spans {
		for _, from := range sourcesOf(w) {
			columns := slices.DeleteFunc([]string{keys}, func(keys string) bool { return keys == "" })
			if w.ByKey {
				columns = append(columns, from.key+" key_id")
			}
			for _, name := range counts {
				columns = append(columns, from.sign+name+" "+name)
			}
			q.add(between)
			q.span(s, from, strings.Join(columns, ", "), more)
			between = " union all "
		}
	}
}

// lineKeys are the columns by which lines are told apart, each with a prefix.
func lineKeys(w ledger.Which, prefix string) string {
	keys := prefix + "user_id, " + prefix + "route"
	if w.ByKey {
		keys += ", " + prefix + "key_id"
	}
	return keys
}

// linesQuery begins a query of the calls of each user on each route, and with each key. The caller adds the grouping and
// closes the parenthesis.
func linesQuery(spans []ledger.Span, w ledger.Which, more filter) *query {
	q := &query{}
	q.lines(spans, w, more)
	return q
}

func (q *query) lines(spans []ledger.Span, w ledger.Which, more filter) {
	key := noKey
	if w.ByKey {
		key = "l.key_id"
	}
	q.add("select l.user_id, u.username, l.route, " + key + " key_id, " + countNames + " from (select " + lineKeys(w, "s.") + ", " + sums() + " from (")
	q.spans(spans, w, "user_id, route", strings.Split(countNames, ", "), more)
	q.add(") s")
}

// pageQuery first finds the keys of a page, which reads few columns, and then sums all counts of those keys.
func pageQuery(spans []ledger.Span, l ledger.Listing) *query {
	q := &query{}
	q.add("with page as (")
	order := lineKeys(l.Which, "l.")
	if l.MostCalls {
		order = "l.requests desc, " + order
		q.keysByCalls(spans, l)
	} else {
		q.keysByUser(spans, l)
	}
	q.add(") ")
	q.lines(spans, l.Which, func(q *query) {
		ofCalls(l.Which)(q)
		q.add(" and user_id in (select user_id from page)")
	})
	q.add(" join page p on p.user_id = s.user_id and p.route = s.route")
	if l.ByKey {
		q.add(" and p.key_id = s.key_id")
	}
	q.add(" group by " + lineKeys(l.Which, "s.") + ") l left join users u on u.id = l.user_id order by " + order)
	return q
}

// after are the values of lineKeys in the last line of the page before, as a row.
func after(l ledger.Listing) (row string, values []any) {
	if l.ByKey {
		return "(?, ?, ?)", []any{l.After.UserID, l.After.Route, l.After.KeyID}
	}
	return "(?, ?)", []any{l.After.UserID, l.After.Route}
}

// keysByCalls finds the keys with the most calls. It has to sum all rows.
func (q *query) keysByCalls(spans []ledger.Span, l ledger.Listing) {
	keys := lineKeys(l.Which, "")
	q.add("select " + keys + " from (")
	q.spans(spans, l.Which, "user_id, route", []string{"requests"}, ofCalls(l.Which))
	q.add(") s group by " + keys)
	if l.After != nil {
		row, values := after(l)
		q.add(" having sum(requests) < ? or (sum(requests) = ? and ("+keys+") > "+row+")",
			append([]any{l.After.Requests, l.After.Requests}, values...)...)
	}
	q.add(" order by sum(requests) desc, "+keys+" limit ?", l.Limit)
}

// keysByUser finds the next keys by user, route and API key. It reads a page of each span, in the order of the index.
func (q *query) keysByUser(spans []ledger.Span, l ledger.Listing) {
	keys := lineKeys(l.Which, "")
	q.add("select " + keys + " from (")
	between := ""
	for _, s := range spans {
		for _, from := range sourcesOf(l.Which) {
			if from.sign != "" {
				continue // the same rows once more
			}
			columns, named := "user_id, route", "user_id, route"
			if l.ByKey {
				columns, named = columns+", "+from.key, named+", "+from.key+" key_id"
			}
			q.add(between + "select * from (")
			q.span(s, from, "distinct "+named, func(q *query) {
				ofCalls(l.Which)(q)
				if l.After != nil {
					row, values := after(l)
					q.add(" and ("+columns+") > "+row, values...)
				}
			})
			q.add(" order by "+keys+" limit ?) k", l.Limit)
			between = " union "
		}
	}
	q.add(") k order by "+keys+" limit ?", l.Limit)
}
