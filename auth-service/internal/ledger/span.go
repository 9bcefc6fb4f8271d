package ledger

import "time"

// Marks say how far hours have been rolled into days. Both are starts of days.
type Marks struct {
	Rolled time.Time // days before are complete
	Pruned time.Time // hours before are gone; never after Rolled
}

// Span is a part of a period that is read from one of the three tables.
type Span struct {
	Period
	Of Step // the table's
	// Unrolled says that the span is of the hours that are not rolled at the moment of the query, which sees the mark as
	// it sees the rows: more may have been rolled since Marks were read, into months that are read beside it.
	Unrolled bool
}

// covered is the period that can be told of: calls are kept by hour, and before Pruned by day, so what begins or ends
// within one has all of it.
func (p Period) covered(m Marks) Period {
	step := func(t time.Time) time.Duration {
		if t.Before(m.Pruned) {
			return day
		}
		return time.Hour
	}
	from, to := p.From.UTC(), p.To.UTC()
	return Period{From: from.Truncate(step(from)), To: ceil(to, step(to))}
}

// Covered is the period that spans are read for.
func Covered(spans []Span) (p Period) {
	for i, s := range spans {
		if i == 0 || s.From.Before(p.From) {
			p.From = s.From
		}
		if i == 0 || s.To.After(p.To) {
			p.To = s.To
		}
	}
	return p
}

// spans says where what a period covers is found. Whole days that are rolled come from the days, unless a report by hour
// is wanted and the hours are still there.
func (p Period) spans(by Step, m Marks) []Span {
	p = p.covered(m)
	from, to := p.From, p.To
	until := m.Rolled
	if by == ByHour {
		until = m.Pruned
	}
	dayFrom, dayTo := ceil(from, day), to.Truncate(day)
	if until.Before(dayTo) {
		dayTo = until
	}
	if !dayFrom.Before(dayTo) {
		return []Span{{Period: Period{from, to}, Of: ByHour}}
	}
	list := []Span{{Period: Period{dayFrom, dayTo}, Of: ByDay}}
	if from.Before(dayFrom) {
		list = append(list, Span{Period: Period{from, dayFrom}, Of: ByHour})
	}
	if dayTo.Before(to) {
		list = append(list, Span{Period: Period{dayTo, to}, Of: ByHour})
	}
	return list
}

// totals are the spans of a question that is not interested in steps and is answered by one statement. Months are taken
// whole, also the one that is being rolled: a month of a million users is a million rows, its days are thirty million.
func (p Period) totals(m Marks) []Span {
	list := p.spans(ByMonth, m)
	c := p.covered(m)
	first, until := ceilMonth(c.From), ByMonth.Start(c.To)
	if begun := ceilMonth(m.Rolled); begun.Before(until) {
		until = begun
	}
	if !first.Before(until) {
		return list
	}
	// What follows the month that is being rolled may be rolled too before the query runs; it is not in that month.
	split := []Span{{Period: Period{first, until}, Of: ByMonth}}
	for _, s := range list {
		if s.From.Before(first) {
			split = append(split, Span{Period: Period{s.From, earlier(s.To, first)}, Of: s.Of})
		}
		if from := later(s.From, first); s.Of == ByHour && from.Before(until) && s.To.After(from) {
			split = append(split, Span{Period: Period{from, earlier(s.To, until)}, Of: ByHour, Unrolled: true})
		}
		if from := later(s.From, until); from.Before(s.To) {
			split = append(split, Span{Period: Period{from, s.To}, Of: s.Of})
		}
	}
	return split
}

func ceilMonth(t time.Time) time.Time {
	start := ByMonth.Start(t)
	if start.Before(t) {
		return start.AddDate(0, 1, 0)
	}
	return start
}

func earlier(a, b time.Time) time.Time {
	if a.Before(b) {
		return a
	}
	return b
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}
