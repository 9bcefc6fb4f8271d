package limit

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
)

// Ledger reserves units. It is auth-service's.
type Ledger interface {
	// Lease requests units. Errors: authclient.ErrUnavailable, *authclient.RefusedError.
	Lease(ctx context.Context, r authclient.LeaseRequest) (authclient.Lease, error)
}

// Meter counts this gateway's calls and delivers them to the ledger.
type Meter interface {
	// OfferedUpTo is the moment up to which all counts are in the ledger, or were refused by it.
	OfferedUpTo() time.Time
	// Hurry has the counts delivered soon.
	Hurry()
	// Unreachable reports whether the last delivery failed because the ledger was not reached. It is false if the ledger was
	// reached and was slow.
	Unreachable() bool
}

// QuotaConfig is what Quotas need. Gateway, Ledger and Log are required.
type QuotaConfig struct {
	Gateway string // this instance's id, under which its usage is delivered
	Ledger  Ledger
	// Meter counts the calls that are let through. Nil: they are in the ledger at once.
	Meter Meter
	Log   *slog.Logger
	// RefuseWhenUnreachable refuses calls when the ledger is unreachable and what was reserved is used up. Otherwise such
	// calls pass, are counted, and may take the user over the quota.
	RefuseWhenUnreachable bool
	// Settled is closed when the counts that dead gateways left are in the ledger. The first lease request waits for it,
	// for settleTimeout at most.
	Settled <-chan struct{}
	Now     func() time.Time // time.Now if nil
}

const (
	sweepEvery = 10 * time.Second
	// idleShare is how long a share that holds nothing is kept after its last call.
	idleShare = time.Minute
)

// Quotas admits calls against the quotas of months, days and API keys. Safe for concurrent use.
type Quotas struct {
	cfg        QuotaConfig
	lanes      [lanes]quotaLane
	unleased   unleased
	lastNumber atomic.Int64  // of a lease request
	inFlight   chan struct{} // has an element for each lease request under way
	started    time.Time
	// respondedAt is when the ledger last responded. failedAt is when a request failed, or 0 if the ledger has responded
	// since. While failedAt is not 0, the ledger counts as unreachable. Unix nanoseconds.
	respondedAt, failedAt atomic.Int64
	metrics               *quotaMetrics
}

// quotaLane has the shares of some users. One lock is for all of them, so that a call is taken from its shares at once.
type quotaLane struct {
	mu     sync.Mutex
	shares map[int64][]*share // by user; few: two or three, and twice as many where periods meet
}

// NewQuotas returns Quotas that hold nothing yet.
func NewQuotas(cfg QuotaConfig) *Quotas {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	q := &Quotas{
		cfg: cfg, unleased: newUnleased(), inFlight: make(chan struct{}, maxInFlight), metrics: newQuotaMetrics(), started: cfg.Now(),
	}
	for i := range q.lanes {
		q.lanes[i].shares = map[int64][]*share{}
	}
	return q
}

func (q *Quotas) lane(userID int64) *quotaLane { return &q.lanes[uint64(userID)%lanes] }

// Admit takes a call under all of its quotas, or under none: a call that is refused uses up nothing. It has to be counted at
// once. left gets what the quotas leave, unless a call passes whose cost is not known: then Spend says it. Errors: *QuotaError,
// ErrUnchecked, and ctx's.
func (q *Quotas) Admit(ctx context.Context, c *Claim, left *Standings) error {
	if c.unbounded() {
		q.noteUnleased(c, q.cfg.Now(), false)
		return nil
	}
	now := q.cfg.Now()
	c.askedAt = now
	for {
		o, refilled, refused := q.try(c, now, left)
		switch o {
		case admitted:
			q.noteUnleased(c, now, false)
			return nil
		case denied:
			q.metrics.refused.Inc()
			return refused
		case unreachable:
			return q.unchecked(c, now)
		case noResponse:
			return ErrUnchecked
		case wait:
		}
		select {
		case <-refilled:
		case <-ctx.Done():
			return ctx.Err()
		}
		now = q.cfg.Now()
	}
}

// try takes the call from its shares if all of them cover it. Otherwise the first one that needs a refill gets it. The others
// wait for that: two gateways that each hold the last of one quota would both wait for the other one for ever.
func (q *Quotas) try(c *Claim, now time.Time, left *Standings) (o outcome, refilled <-chan struct{}, refused *QuotaError) {
	lane := q.lane(c.UserID)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	var shares [kinds]*share
	n := q.sharesOf(lane, c, now, &shares)
	var verdicts [kinds]verdict
	for i, s := range shares[:n] {
		verdicts[i] = s.judge(c, now)
		o = max(o, verdicts[i].outcome)
		if verdicts[i].outcome == denied {
			refused = longer(refused, s.refusal(c, now))
		}
	}
	for i, s := range shares[:n] {
		switch v := verdicts[i]; {
		case o == admitted:
			if s.spend(now, c.Cost) {
				q.refill(s, now, 0, 0)
			}
		case o == wait && refilled == nil && v.outcome == wait:
			if s.refilling == nil {
				q.refill(s, now, v.least, v.enough)
			}
			refilled = s.refilling
		}
		if one, known := s.standing(now); known && (o > wait || o == admitted && c.Cost > 0) {
			left.Add(one)
		}
	}
	return o, refilled, refused
}

// sharesOf finds the shares of a call, in the order of their kinds. lane.mu is held.
func (q *Quotas) sharesOf(lane *quotaLane, c *Claim, now time.Time, shares *[kinds]*share) (n int) {
	for k := range kind(kinds) {
		quota := c.quota(k)
		if quota < 0 {
			continue
		}
		s := lane.share(c, k, quota)
		s.usedAt = now
		s.setQuota(now, quota)
		if by := q.lastUnleased(s.subject); by.After(s.requestedAt) && by.After(s.deliverBy) {
			s.startOver(now, by) // the ledger takes it from what is reserved
		}
		shares[n] = s
		n++
	}
	return n
}

// share finds the share of a call in a kind of quota. l.mu is held.
func (l *quotaLane) share(c *Claim, k kind, quota int64) *share {
	of, _ := c.subject(k)
	at := c.At.Unix()
	all := l.shares[c.UserID]
	for _, s := range all {
		if s.subject == of && s.has(at) {
			return s
		}
	}
	s := &share{scope: scopeAt(of, c.At), mu: &l.mu, quota: quota}
	l.shares[c.UserID] = append(all, s)
	return s
}

// lastUnleased is when a call of the subject was last let through without a reservation, as far as that is certain.
func (q *Quotas) lastUnleased(of subject) time.Time {
	if q.cfg.Meter == nil {
		return time.Time{}
	}
	last, certain := q.unleased.last(of)
	if !certain {
		return time.Time{}
	}
	return last
}

// noteUnleased notes that a call is let through without a reservation: of those quotas that there are not, or of all.
func (q *Quotas) noteUnleased(c *Claim, now time.Time, all bool) {
	for k := range kind(kinds) {
		if of, ok := c.subject(k); ok && (all || c.quota(k) < 0) {
			q.unleased.note(of, now)
		}
	}
}

// unchecked decides about a call while the ledger is unreachable.
func (q *Quotas) unchecked(c *Claim, now time.Time) error {
	if q.cfg.RefuseWhenUnreachable {
		return ErrUnchecked
	}
	q.noteUnleased(c, now, true)
	q.metrics.unchecked.Inc()
	return nil
}

// Spend takes what the upstream has announced that a call costs. Admit has let it through, and it has to be counted at once.
// left gets what the quotas leave. covered is false if the call costs more than what this gateway held. Then AwaitDelivery has to follow
// when the call is counted, before its client has the response and makes the next call at another gateway.
func (q *Quotas) Spend(c *Claim, cost int64, left *Standings) (covered bool) {
	covered = true
	now := q.cfg.Now()
	if cost > 0 {
		q.noteUnleased(c, now, false)
	}
	if c.unbounded() {
		return covered
	}
	lane := q.lane(c.UserID)
	lane.mu.Lock()
	defer lane.mu.Unlock()
	for k := range kind(kinds) {
		quota := c.quota(k)
		if quota < 0 {
			continue
		}
		s := lane.share(c, k, quota)
		if cost > 0 && !s.announced(now, cost) {
			covered = false
		}
		if one, known := s.standing(now); known {
			left.Add(one)
		}
	}
	return covered
}

// Run forgets the shares of users who no longer call, until ctx ends.
func (q *Quotas) Run(ctx context.Context) error {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
		}
		now := q.cfg.Now()
		delivered := now
		if q.cfg.Meter != nil {
			delivered = q.cfg.Meter.OfferedUpTo()
		}
		for i := range q.lanes {
			q.lanes[i].sweep(now, delivered)
		}
	}
}

func (l *quotaLane) sweep(now, delivered time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for user, all := range l.shares {
		kept := slices.DeleteFunc(all, func(s *share) bool { return s.over(now, delivered, idleShare) })
		if len(kept) == 0 {
			delete(l.shares, user)
		} else if len(kept) < len(all) {
			l.shares[user] = kept
		}
	}
}
