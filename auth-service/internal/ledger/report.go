package ledger

import (
	"cmp"
	"context"
	"slices"
	"strings"
	"time"
)

// Which says which calls a report is about.
type Which struct {
	Route string // empty: all routes
	KeyID int64  // 0: with any API key or none
	// ByKey keeps apart what was called with each key, and without one.
	ByKey bool
}

// ReportRequest says which report of one user's calls is wanted.
type ReportRequest struct {
	UserID int64
	Period
	Which
	By    Step
	Quota MonthlyQuota
	// QuotaKey is the API key that Quota belongs to; 0: it is the user's.
	QuotaKey int64
}

// Report is the usage of one user.
type Report struct {
	Period // what the report covers: the requested period, widened to whole hours, or to days where only days are kept
	Total  Counts
	Series []Row // sorted by start, route and key; without rows that are zero
	Quota  QuotaState
}

// QuotaState says how much of this month's quota is left. Without a quota only Used has a meaning.
type QuotaState struct {
	Limit    *int64
	Used     int64 // units of this month
	ResetsAt time.Time
}

// Remaining returns how many units are left. It is 0 without a quota.
func (q QuotaState) Remaining() int64 {
	if q.Limit == nil {
		return 0
	}
	return max(*q.Limit-q.Used, 0)
}

// Report returns the usage of one user. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) Report(ctx context.Context, q ReportRequest) (Report, error) {
	if err := cmp.Or(q.validate(q.By), validateRoute(q.Route)); err != nil {
		return Report{}, err
	}
	var spans []Span
	rows, err := s.cfg.Store.UserUsage(ctx, q.UserID, q.Which, func(m Marks) []Span {
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
	within := r.Series // holds the month's calls if the report covers the whole month
	if q.Route != "" || q.KeyID != q.QuotaKey || month.From.Before(r.From) || r.To.Before(month.To) {
		within, err = s.cfg.Store.UserUsage(ctx, q.UserID, Which{KeyID: q.QuotaKey}, func(m Marks) []Span { return month.spans(ByMonth, m) })
	}
	for i := range within {
		if !within[i].Start.Before(month.From) && within[i].Start.Before(month.To) {
			r.Quota.Used += within[i].Units
		}
	}
	return r, err
}

// Used returns how many units a scope's calls have cost, as far as they are counted. Errors: fault.ErrUnavailable.
func (s *Service) Used(ctx context.Context, of Scope) (units int64, err error) {
	rows, err := s.cfg.Store.UserUsage(ctx, of.UserID, Which{KeyID: of.KeyID}, of.totals)
	for i := range rows {
		units += rows[i].Units
	}
	return units, err
}

// MonthTotals returns what each of some users has called in this month. A user without calls is not in it. Errors:
// fault.ErrUnavailable.
func (s *Service) MonthTotals(ctx context.Context, userIDs []int64) (map[int64]Counts, error) {
	return s.cfg.Store.UsersTotals(ctx, userIDs, Month(s.now()).totals)
}

// gather sums rows into steps, and leaves out those that are zero.
func gather(rows []Row, by Step) []Row {
	for i := range rows {
		rows[i].Start = by.Start(rows[i].Start)
	}
	slices.SortFunc(rows, func(a, b Row) int {
		return cmp.Or(a.Start.Compare(b.Start), strings.Compare(a.Route, b.Route), cmp.Compare(a.KeyID, b.KeyID))
	})
	series := rows[:0]
	for _, r := range rows {
		if n := len(series); n > 0 && series[n-1].Start.Equal(r.Start) && series[n-1].Route == r.Route && series[n-1].KeyID == r.KeyID {
			series[n-1].Counts = series[n-1].Plus(r.Counts)
			continue
		}
		series = append(series, r)
	}
	return slices.DeleteFunc(series, func(r Row) bool { return r.Counts == (Counts{}) })
}

// Line is the usage of one user on one route in a period.
type Line struct {
	UserID   int64
	Username string // empty if the user is gone
	Route    string
	KeyID    int64 // in lines by key: 0 for calls without one
	Counts
}

// PageWithin is the timeout of a page of lines, ExportWithin the timeout of an export's first line. Two other timeouts
// have to be longer: the one of the gateway's route for /admin/usage, and the write timeout of the response.
const (
	PageWithin   = 30 * time.Second
	ExportWithin = 10 * time.Minute
)

// Listing says which lines about all users are wanted.
type Listing struct {
	Period
	Which
	// MostCalls puts the lines with the most calls first. Otherwise the order is by user, route and key.
	MostCalls bool
	After     *Line // the last line of the page before; only its Requests, UserID, Route and KeyID matter
	Limit     int   // lines on the page
}

// Lines are a page of lines, and the period that they cover, widened as a Report's is.
type Lines struct {
	Period
	Lines []Line
}

// List returns a page of lines. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) List(ctx context.Context, l Listing) (Lines, error) {
	if err := cmp.Or(l.validate(ByMonth), validateRoute(l.Route)); err != nil {
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
	// Begin is called once the request is valid and the database reachable, with the period that the lines cover, widened
	// as a Report's is. It may take minutes until the first line follows.
	Begin(covered Period) error
	// Line is called for each line.
	Line(l Line) error
}

// Export gives each line of a period to e, sorted by user, route and key. All lines are from one snapshot of the ledger, and
// only a few are in memory at once. It ends with e's first error. Errors: *fault.InvalidError,
// fault.ErrUnavailable, those of e.
func (s *Service) Export(ctx context.Context, p Period, w Which, e Exporter) error {
	if err := cmp.Or(p.validate(ByMonth), validateRoute(w.Route)); err != nil {
		return err
	}
	return s.cfg.Store.ExportUsage(ctx, w, p.totals, e)
}
