package ledger

import "time"

// Step is the length of one entry of a report.
type Step int

// The steps, in UTC.
const (
	ByHour Step = iota
	ByDay
	ByMonth
)

const day = 24 * time.Hour

// Start is the start of the step that t is in.
func (s Step) Start(t time.Time) time.Time {
	t = t.UTC()
	switch s {
	case ByHour:
		return t.Truncate(time.Hour)
	case ByDay:
		return t.Truncate(day)
	}
	return time.Date(t.Year(), t.Month(), 1, 0, 0, 0, 0, time.UTC)
}

// Month is the calendar month that t is in, from its start to the next one's.
func Month(t time.Time) Period {
	start := ByMonth.Start(t)
	return Period{From: start, To: start.AddDate(0, 1, 0)}
}

// Period is a time from From, included, to To, not included.
type Period struct {
	From, To time.Time
}

// Complete fills in what a period leaves open: it begins with the month, and ends with this one.
func (s *Service) Complete(p Period) Period {
	now := s.now()
	if p.To.IsZero() {
		p.To = Month(now).To
		if !p.From.Before(p.To) {
			p.To = Month(p.From).To
		}
	}
	if p.From.IsZero() {
		p.From = ByMonth.Start(p.To.Add(-1))
	}
	return p
}

// maxSteps bounds a report: 166 days by hour, 10 years by day.
const maxSteps = 4000

func (p Period) check(by Step) error {
	if !p.From.Before(p.To) {
		return &InvalidError{"to", "The period has to end after it begins."}
	}
	length := day
	switch by {
	case ByHour:
		length = time.Hour
	case ByMonth: // reads what by day does, and answers with a thirtieth of it: there is nothing to bound
		return nil
	}
	if p.To.Sub(p.From)/length > maxSteps {
		return &InvalidError{"from", "The period is too long for reports in steps this small."}
	}
	return nil
}

// Marks say how far hours have been rolled into days. Both are starts of days.
type Marks struct {
	Rolled time.Time // days before are complete
	Pruned time.Time // hours before are gone; never after Rolled
}

// Span is a part of a period that is read from one of the two tables.
type Span struct {
	Period
	Daily bool // from the days, else from the hours
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
		return []Span{{Period: Period{from, to}}}
	}
	list := []Span{{Period: Period{dayFrom, dayTo}, Daily: true}}
	if from.Before(dayFrom) {
		list = append(list, Span{Period: Period{from, dayFrom}})
	}
	if dayTo.Before(to) {
		list = append(list, Span{Period: Period{dayTo, to}})
	}
	return list
}

func ceil(t time.Time, step time.Duration) time.Time {
	start := t.Truncate(step)
	if start.Before(t) {
		return start.Add(step)
	}
	return start
}
