package ledger

import (
	"time"

	"tallygate/auth-service/internal/fault"
)

// Step is the length of time that one row or one entry of a report covers.
type Step int

// The steps, in UTC.
const (
	ByHour Step = iota
	ByDay
	ByMonth
)

const day = 24 * time.Hour

// Start returns the start of the step that contains t, in UTC.
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

// Month returns the calendar month that contains t, in UTC.
func Month(t time.Time) Period {
	start := ByMonth.Start(t)
	return Period{From: start, To: start.AddDate(0, 1, 0)}
}

// Period is the time from From, included, to To, not included.
type Period struct {
	From, To time.Time
}

// Complete fills in what a period leaves open. The default of To is the end of this month, or of From's month if that is
// later. The default of From is the start of the month that To ends.
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

// maxSteps bounds the entries of a report for each route: 166 days by hour, 10 years by day.
const maxSteps = 4000

func (p Period) validate(by Step) error {
	if !p.From.Before(p.To) {
		return fault.Invalid("to", "The period has to end after it begins.")
	}
	length := day
	switch by {
	case ByHour:
		length = time.Hour
	case ByMonth: // needs no bound: the result has one entry for thirty days
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
