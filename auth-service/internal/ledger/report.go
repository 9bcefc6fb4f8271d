package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Question is what somebody wants to know of one user's calls.
type Question struct {
	UserID int64
	Period
	By    Step
	Route string // all if empty
	// Quota is the user's own monthly quota; nil means the default.
	Quota *int64
}

// Report is the answer.
type Report struct {
	Period // which is told of: that of the question, widened to whole hours, or to days where only those are kept
	Total  Counts
	Series []Row // by start, then route; only what is not zero
	Quota  QuotaState
}

// QuotaState is how much of this month's quota is left. Without a quota only Used means something.
type QuotaState struct {
	Limit    *int64
	Used     int64 // calls of this month
	ResetsAt time.Time
}

// Remaining is what may still be called; 0 without a quota.
func (q QuotaState) Remaining() int64 {
	if q.Limit == nil {
		return 0
	}
	return max(*q.Limit-q.Used, 0)
}

// Report answers a question. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) Report(ctx context.Context, q Question) (Report, error) {
	if err := cmp.Or(q.check(q.By), checkRoute(q.Route)); err != nil {
		return Report{}, err
	}
	var spans []Span
	rows, err := s.cfg.Store.UserUsage(ctx, q.UserID, q.Route, func(m Marks) []Span {
		spans = q.spans(q.By, m)
		return spans
	})
	if err != nil {
		return Report{}, err
	}
	r := Report{Period: Covered(spans), Series: gather(rows, q.By)}
	for i := range r.Series {
		r.Total = r.Total.Plus(r.Series[i].Counts)
	}
	month := Month(s.now())
	r.Quota = QuotaState{Limit: s.Quota(q.Quota), ResetsAt: month.To}
	within := r.Series // what holds the month's calls, if the report does
	if q.Route != "" || month.From.Before(r.From) || r.To.Before(month.To) {
		within, err = s.cfg.Store.UserUsage(ctx, q.UserID, "", func(m Marks) []Span { return month.spans(ByMonth, m) })
	}
	for i := range within {
		if !within[i].Start.Before(month.From) && within[i].Start.Before(month.To) {
			r.Quota.Used += within[i].Requests
		}
	}
	return r, err
}

// gather sums rows into steps.
func gather(rows []Row, by Step) []Row {
	for i := range rows {
		rows[i].Start = by.Start(rows[i].Start)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.Route, b.Route))
	})
	series := rows[:0]
	for _, r := range rows {
		if n := len(series); n > 0 && series[n-1].Start.Equal(r.Start) && series[n-1].Route == r.Route {
			series[n-1].Counts = series[n-1].Plus(r.Counts)
			continue
		}
		series = append(series, r)
	}
	return series
}

// Line is what one user called on one route in a period.
type Line struct {
	UserID   int64
	Username string // empty if the user is gone
	Route    string
	Counts
}

// PageWithin bounds the time that a page of lines may take, ExportWithin the time until an export's first line. Who waits
// for the answer has to have more patience: the gateway's route for /admin/usage, and the answer's own time limits.
const (
	PageWithin   = 30 * time.Second
	ExportWithin = 10 * time.Minute
)

// Listing asks for lines about all users.
type Listing struct {
	Period
	Route string // all if empty
	// MostCalls puts the most calls first, else the order is by user and route.
	MostCalls bool
	After     *Line // the last line of the page before: its Requests, UserID and Route
	Limit     int
}

// Lines are a page of them, and the period that they are about, widened as a Report's is.
type Lines struct {
	Period
	Lines []Line
}

// List returns a page of lines. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) List(ctx context.Context, l Listing) (Lines, error) {
	if err := cmp.Or(l.check(ByMonth), checkRoute(l.Route)); err != nil {
		return Lines{}, err
	}
	var spans []Span
	lines, err := s.cfg.Store.UsageLines(ctx, l, func(m Marks) []Span {
		spans = l.totals(m)
		return spans
	})
	return Lines{Period: Covered(spans), Lines: lines}, err
}

// Exporter takes the lines of an export.
type Exporter interface {
	// Begin is called with the period that the lines are about, widened as a Report's is, when the question is right and
	// the database can be asked. Lines may be long in coming.
	Begin(covered Period) error
	Line(l Line) error
}

// Export hands each line of a period to e, in the order of users and routes, from one snapshot of the ledger and without
// holding more than a few in memory. It ends with e's first error.
func (s *Service) Export(ctx context.Context, p Period, route string, e Exporter) error {
	if err := cmp.Or(p.check(ByMonth), checkRoute(route)); err != nil {
		return err
	}
	return s.cfg.Store.ExportUsage(ctx, route, p.totals, e)
}
