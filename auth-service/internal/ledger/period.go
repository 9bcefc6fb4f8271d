package ledger

import (
	"time"

	"tallygate/auth-service/internal/fault"
)

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
		return fault.Invalid("to", "The period has to end after it begins.")
	}
	length := day
	switch by {
	case ByHour:
		length = time.Hour
	case ByMonth: // reads what by day does, and answers with a thirtieth of it: there is nothing to bound
		return nil
	}
	if p.To.Sub(p.From)/length > maxSteps {
		return fault.Invalid("from", "The period is too long for reports in steps this small.")
	}
	return nil
}

func ceil(t time.Time, step time.Duration) time.Time {
	start := t.Truncate(step)
	if start.Before(t) {
		return start.Add(step)
	}
	return start
}
