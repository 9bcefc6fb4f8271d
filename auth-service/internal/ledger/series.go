package ledger

import (
	"cmp"
	"context"
	"slices"

	"tallygate/auth-service/internal/fault"
)

// MaxTop bounds how many groups of a Series are told apart.
const MaxTop = 50

// SeriesRequest says which series about all users is wanted.
type SeriesRequest struct {
	Period
	By     Step
	Route  string // empty: all routes
	ByUser bool   // otherwise by route
	Top    int    // how many groups are told apart, from 1 to MaxTop
}

// Series is what all users called over time.
type Series struct {
	Period        // widened as a Report's is
	Total, Before Counts
	Groups        []Group       // the most calls first, the rest last
	Entries       []SeriesEntry // sorted by start and group; without entries that are zero
}

// GroupKey says what a group is: one route, one user, or the rest.
type GroupKey struct {
	Route  string
	UserID int64
	Other  bool
}

// Group is the part of a Series that belongs to one route or user, or the rest.
type Group struct {
	GroupKey
	Username      string // empty if the user is gone
	Total, Before Counts // Before: in the period of equal length just before
}

// SeriesEntry is the part of a group in one step.
type SeriesEntry struct {
	GroupKey
	Row // of which only Start and Counts matter
}

// Caller is a user among those with the most calls.
type Caller struct {
	UserID   int64
	Username string // empty if the user is gone
}

// Series returns what all users called over time. Errors: *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) Series(ctx context.Context, q SeriesRequest) (Series, error) {
	if err := cmp.Or(q.validate(q.By), validateRoute(q.Route)); err != nil {
		return Series{}, err
	}
	if q.Top < 1 || q.Top > MaxTop {
		return Series{}, fault.Invalid("top", "The number of groups has to be a whole number from 1 to 50.")
	}
	before := Period{From: q.From.Add(-q.To.Sub(q.From)), To: q.From}
	var now, then []Row
	var callers []Caller
	var err error
	if q.ByUser {
		// Users are read before the totals: the rest is the difference, and calls that are added in between must not make it negative.
		if callers, err = s.cfg.Store.MostCalling(ctx, q.Route, q.Top, q.totals); err != nil {
			return Series{}, err
		}
		if now, err = s.cfg.Store.UsageOfUsers(ctx, callers, q.Route, func(m Marks) []Span { return q.spans(q.By, m) }); err != nil {
			return Series{}, err
		}
		if then, err = s.cfg.Store.UsageOfUsers(ctx, callers, q.Route, func(m Marks) []Span { return before.spans(ByDay, m) }); err != nil {
			return Series{}, err
		}
	}
	all, covered, err := s.allUsage(ctx, q.Period, q.By, q.Route)
	if err != nil {
		return Series{}, err
	}
	earlier, _, err := s.allUsage(ctx, before, ByMonth, q.Route)
	if err != nil {
		return Series{}, err
	}
	out := Series{Period: covered, Total: sum(all), Before: sum(earlier)}
	of := func(r Row) GroupKey { return GroupKey{UserID: r.UserID} }
	if !q.ByUser {
		of = func(r Row) GroupKey { return GroupKey{Route: r.Route} }
		now, then = all, earlier
	}
	out.group(groupsOf(now, of), groupsOf(then, of), q.Top, callers)
	out.series(now, all, of, q.By)
	return out, nil
}

// allUsage returns the rows of all users by route, and the period that they cover.
func (s *Service) allUsage(ctx context.Context, p Period, by Step, route string) (rows []Row, covered Period, err error) {
	rows, err = s.cfg.Store.TotalUsage(ctx, by, route, func(m Marks) Period {
		covered = p.covered(m)
		return covered
	})
	return rows, covered, err
}

func sum(rows []Row) (total Counts) {
	for i := range rows {
		total = total.Plus(rows[i].Counts)
	}
	return total
}

func groupsOf(rows []Row, of func(Row) GroupKey) map[GroupKey]Counts {
	sums := map[GroupKey]Counts{}
	for _, r := range rows {
		sums[of(r)] = sums[of(r)].Plus(r.Counts)
	}
	return sums
}

// group sets the groups: the top ones, and the rest if there is any.
func (s *Series) group(now, then map[GroupKey]Counts, top int, callers []Caller) {
	names := map[int64]string{}
	for _, c := range callers {
		names[c.UserID] = c.Username
	}
	for key, total := range now {
		s.Groups = append(s.Groups, Group{GroupKey: key, Username: names[key.UserID], Total: total, Before: then[key]})
	}
	slices.SortFunc(s.Groups, func(a, b Group) int {
		return cmp.Or(cmp.Compare(b.Total.Requests, a.Total.Requests), cmp.Compare(a.Route, b.Route), cmp.Compare(a.UserID, b.UserID))
	})
	s.Groups = s.Groups[:min(len(s.Groups), top)]
	rest := Group{GroupKey: GroupKey{Other: true}, Total: s.Total, Before: s.Before}
	for _, g := range s.Groups {
		rest.Total, rest.Before = rest.Total.less(g.Total), rest.Before.less(g.Before)
	}
	if rest.Total != (Counts{}) {
		s.Groups = append(s.Groups, rest)
	}
}

// series sets the entries: those of the groups from their rows, and the rest from what all have called.
func (s *Series) series(now, all []Row, of func(Row) GroupKey, by Step) {
	order := map[GroupKey]int{}
	for i, g := range s.Groups {
		order[g.GroupKey] = i
	}
	type place struct {
		start int64
		key   GroupKey
	}
	sums := map[place]Row{}
	add := func(r Row, key GroupKey, plus func(Counts, Counts) Counts) {
		r.Start = by.Start(r.Start)
		at := place{r.Start.Unix(), key}
		r.Counts = plus(sums[at].Counts, r.Counts)
		sums[at] = r
	}
	rest := GroupKey{Other: true}
	for _, r := range all {
		add(r, rest, Counts.Plus)
	}
	for _, r := range now {
		if _, shown := order[of(r)]; shown {
			add(r, of(r), Counts.Plus)
			add(r, rest, Counts.less)
		}
	}
	for at, r := range sums {
		if _, shown := order[at.key]; shown && r.Counts != (Counts{}) {
			s.Entries = append(s.Entries, SeriesEntry{GroupKey: at.key, Row: r})
		}
	}
	slices.SortFunc(s.Entries, func(a, b SeriesEntry) int {
		return cmp.Or(a.Start.Compare(b.Start), cmp.Compare(order[a.GroupKey], order[b.GroupKey]))
	})
}
