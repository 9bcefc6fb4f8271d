package limit

import (
	"context"
	"log/slog"
	"maps"
	"math"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
)

// lanes are independent parts of a table, so that cores seldom wait for each other.
const lanes = 64

// Limit is a rate under a name. What calls use of it is the same at all gateways that have it.
type Limit struct {
	// Key is a number of its own, in this gateway.
	Key  uint32
	Name string
	Rate Rate
}

// RateSharer adds up what gateways let through. It is auth-service.
type RateSharer interface {
	// ShareRates reports calls. Errors: authclient.ErrUnavailable, *authclient.RefusedError.
	ShareRates(ctx context.Context, r authclient.RateReport) (authclient.RateState, error)
}

// RateConfig is what Rates need. Log is required.
type RateConfig struct {
	Gateway string // this instance's id
	// Sharer is where gateways tell each other what they let through. nil: there is one gateway.
	Sharer RateSharer
	Log    *slog.Logger
	// Bound is how many pairs of user and limit are remembered, each in about 130 bytes.
	Bound int
	Now   func() time.Time // time.Now if nil
}

// Rates limits each user. Safe for concurrent use.
type Rates struct {
	cfg   RateConfig
	lanes [lanes]rateLane
	// names has the Key of each limit that was asked for. It is replaced when there is another name.
	names atomic.Pointer[map[string]uint32]

	gateways    atomic.Int64 // alive, as far as is known
	usedAt      atomic.Int64 // when a rate was last asked for, Unix nanoseconds as the others
	respondedAt atomic.Int64 // when the sharer last responded
	away        atomic.Bool  // it does not
	hurry       chan struct{}

	mu    sync.Mutex
	round *round // the next report
}

// minLaneMarks is how many marks each lane holds in any case.
const minLaneMarks = 16

type rateLane struct {
	mu    sync.Mutex
	marks map[rateKey]*usage
	// report has the limits that the next report is about, with their names.
	report map[rateKey]string
	// sweepAt is the number of marks at which the next sweep is due.
	sweepAt int
	max     int
}

type rateKey struct {
	user  int64
	limit uint32
}

// usage is what a user has used of a limit.
type usage struct {
	// own is the mark of what this gateway lets through without asking: its part of the limit.
	own int64
	// all is the mark of what all gateways let through. It was right at toldAt, and counts for a second.
	all, toldAt int64
	unreported  int32 // calls let through since the last report
	window      window
	// step and bound are of the rate that the user has: under the same name, another plan has another one.
	step, bound int64
}

// hotFor is how long what all gateways have let through counts after it was told.
const hotFor = int64(time.Second)

// NewRates returns Rates that have seen no request.
func NewRates(cfg RateConfig) *Rates {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	r := &Rates{cfg: cfg, hurry: make(chan struct{}, 1), round: newRound()}
	r.gateways.Store(1)
	r.names.Store(&map[string]uint32{})
	most := max(cfg.Bound/lanes, minLaneMarks)
	for i := range r.lanes {
		r.lanes[i] = rateLane{marks: map[rateKey]*usage{}, report: map[rateKey]string{}, sweepAt: most / 16, max: most}
	}
	return r
}

// Allow takes one request of the user under all of the limits. It may wait for what other gateways have let through. A request
// that is refused uses up none of them. left gets what each limit leaves, in any case. Errors: *RateError.
func (r *Rates) Allow(ctx context.Context, at time.Time, userID int64, left *Standings, limits ...Limit) error {
	lane := &r.lanes[uint64(userID)%lanes]
	now := at.UnixNano()
	if now-r.usedAt.Load() > int64(time.Second) {
		r.usedAt.Store(now)
	}
	for i := range limits {
		if key, ok := (*r.names.Load())[limits[i].Name]; !ok || key != limits[i].Key {
			r.name(&limits[i])
		}
	}
	gateways, alone := int(r.gateways.Load()), r.away.Load()
	d, refused, ask := lane.decide(userID, limits, left, now, gateways, alone)
	for range 2 {
		if !ask || !r.ask(ctx, lane, userID, limits) {
			break
		}
		now = r.cfg.Now().UnixNano()
		d, refused, ask = lane.decide(userID, limits, left, now, int(r.gateways.Load()), r.away.Load())
	}
	if ask {
		d, refused, _ = lane.decide(userID, limits, left, now, gateways, true)
	}
	if refused == nil {
		return nil
	}
	return &RateError{Route: refused.Name, Rate: refused.Rate, Wait: d.Retry}
}

// name notes the name of a limit that is new.
func (r *Rates) name(limit *Limit) {
	r.mu.Lock()
	defer r.mu.Unlock()
	names := maps.Clone(*r.names.Load())
	names[limit.Name] = limit.Key
	r.names.Store(&names)
}

// decide takes one request, or says which limit refuses it. ask says that it may pass, if other gateways have let through
// less than their parts. alone: they cannot be asked. left gets what the limits leave, unless the others have to be asked.
func (l *rateLane) decide(userID int64, limits []Limit, left *Standings, now int64, gateways int, alone bool) (d Decision, refused *Limit, ask bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.makeRoom(now)
	var at [2]*usage // no request has more limits
	var next [2]usage
	for i := range limits {
		limit := &limits[i]
		at[i] = l.usage(rateKey{userID, limit.Key})
		at[i].correct(limit.Rate, now, gateways, alone)
		next[i] = *at[i]
		one, asks := next[i].take(limit.Rate, now, gateways, alone)
		if !one.Allowed && (refused == nil || one.Retry > d.Retry) {
			d, refused, ask = one, limit, asks
		}
	}
	if ask {
		return d, refused, true
	}
	for i := range limits {
		if refused == nil {
			*at[i] = next[i]
			l.tell(rateKey{userID, limits[i].Key}, limits[i].Name, at[i], now)
		}
		left.Add(at[i].standing(&limits[i], now, gateways, alone))
	}
	return d, refused, false
}

// correct replaces marks that the rate could not put there, also if the request is refused: its user waits for the rate as it is.
// The rate is noted for what is reported.
func (u *usage) correct(rate Rate, now int64, gateways int, alone bool) {
	u.own = rate.partOf(gateways, alone).possible(u.own, now)
	u.all = rate.possible(u.all, now)
	u.step, u.bound = rate.step(), rate.bound()
}

// take counts one request, if it may pass.
func (u *usage) take(rate Rate, now int64, gateways int, alone bool) (d Decision, ask bool) {
	if gateways <= 1 {
		d = rate.Decide(u.own, now)
		u.own = d.Mark
		return d, false
	}
	part := rate.partOf(gateways, alone)
	own := part.Decide(u.own, now)
	if !alone && now-u.toldAt < hotFor {
		if d = rate.Decide(u.all, now); d.Allowed {
			u.all, u.own = d.Mark, max(u.own, own.Mark)
			u.unreported++
		}
		return d, false
	}
	if !own.Allowed {
		return own, !alone
	}
	u.own = own.Mark
	u.unreported = int32(min((own.Mark-now-1)/part.step()+1, math.MaxInt32)) // those that are not worked off
	return own, false
}

// makeRoom forgets marks if there are many. What usage returned before may be among them. l.mu is held.
func (l *rateLane) makeRoom(now int64) {
	if len(l.marks) >= l.sweepAt {
		l.sweep(now)
	}
}

// usage finds what a user has used of a limit. l.mu is held.
func (l *rateLane) usage(key rateKey) *usage {
	used := l.marks[key]
	if used == nil {
		used = &usage{}
		l.marks[key] = used
	}
	return used
}

// tell puts what all gateways have to know of into the next report. l.mu is held.
func (l *rateLane) tell(key rateKey, name string, used *usage, now int64) {
	if used.unreported > 0 && now-used.toldAt < hotFor {
		l.report[key] = name
	}
}

// sweep forgets what means the same as nothing: marks in the past, of users whose window is over. If that does not make enough
// room, it forgets all marks in the past, and then others, too. Their users get a new burst.
func (l *rateLane) sweep(now int64) {
	for try := range 3 {
		for key, used := range l.marks {
			if try > 0 && len(l.marks) < l.max-l.max/8 {
				break
			}
			over := used.own <= now && used.all <= now && now-used.toldAt >= hotFor
			if try == 2 || over && (try == 1 || used.window.ends <= now) {
				delete(l.marks, key)
			}
		}
	}
	l.sweepAt = min(max(2*len(l.marks), l.max/16), l.max)
}
