package ledger

import "time"

// Marks say how far hours are rolled into days. Both are starts of days.
type Marks struct {
	Rolled time.Time // earlier days are complete
	Pruned time.Time // earlier hours are gone; never after Rolled
}

// Span is a part of a period that is read from one of the three usage tables.
type Span struct {
	Period
	Of Step // says which table
	// Unrolled restricts the span to hours that are not rolled at the moment of the query. More days may have been rolled
	// since Marks were read, into months that the same query reads. The query sees the mark and the rows of one moment.
	Unrolled bool
}

// covered is the period widened to what is kept: to whole hours, and before Pruned to whole days.
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

// Covered returns the period from the first start to the last end of the spans.
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

// spans returns the spans in which the calls of a period are found. Whole days that are rolled are read from the days,
// unless a report by hour is wanted and the hours are still kept.
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

// totals returns the spans for a sum over the period that one statement computes. It reads whole months where it can, also
// the one that is being rolled: a month of a million users is a million rows, its days are thirty million.
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
	// Days after until may be rolled before the query runs. They are then in a month that this query does not read.
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
