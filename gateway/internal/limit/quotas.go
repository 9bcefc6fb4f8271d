package limit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
)

// Ledger reserves calls. It is auth-service's.
type Ledger interface {
	// Lease requests calls. Errors: authclient.ErrUnavailable, *authclient.RefusedError.
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

// Quotas admits calls against monthly quotas. Safe for concurrent use.
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

type quotaLane struct {
	mu     sync.Mutex
	shares map[shareKey]*share
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
		q.lanes[i].shares = map[shareKey]*share{}
	}
	return q
}

// Admit takes one call of a user whose quota is this many calls a month; a quota below 0 is none. The call has to be
// counted at once; at says in which month. Errors: *QuotaError, ErrUnchecked, and ctx's.
func (q *Quotas) Admit(ctx context.Context, at time.Time, userID, quota int64) error {
	if quota < 0 {
		q.unleased.note(userID, q.cfg.Now())
		return nil
	}
	s := q.share(shareKey{userID, monthOf(at)}, quota)
	for {
		now := q.cfg.Now()
		s.mu.Lock()
		o, refill := s.take(now, quota, q.lastUnleased(userID))
		if refill {
			s.refilling = make(chan struct{})
			go q.refill(s)
		}
		refilled, returnBy := s.refilling, s.returnBy
		s.mu.Unlock()
		switch o {
		case admitted:
			return nil
		case denied:
			q.metrics.refused.Inc()
			return refuseQuota(s.key.month, quota, at, returnBy.Sub(now))
		case unreachable:
			return q.unchecked(userID, now)
		case noResponse:
			return ErrUnchecked
		case wait:
		}
		select {
		case <-refilled:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// lastUnleased is when a call of the user was last let through without a reservation, as far as that is certain.
func (q *Quotas) lastUnleased(userID int64) time.Time {
	if q.cfg.Meter == nil {
		return time.Time{}
	}
	last, certain := q.unleased.last(userID)
	if !certain {
		return time.Time{}
	}
	return last
}

func (q *Quotas) share(key shareKey, quota int64) *share {
	lane := &q.lanes[uint64(key.user)%lanes]
	lane.mu.Lock()
	defer lane.mu.Unlock()
	s := lane.shares[key]
	if s == nil {
		s = &share{key: key, quota: quota, usedAt: q.cfg.Now()}
		lane.shares[key] = s
	}
	return s
}

// unchecked decides about a call while the ledger is unreachable.
func (q *Quotas) unchecked(userID int64, now time.Time) error {
	if q.cfg.RefuseWhenUnreachable {
		return ErrUnchecked
	}
	q.unleased.note(userID, now)
	q.metrics.unchecked.Inc()
	return nil
}

// refuseQuota refuses a call until the month ends. If held is positive, other gateways hold calls: then it refuses only
// until these come back, which takes that long.
func refuseQuota(m month, quota int64, at time.Time, held time.Duration) error {
	e := &QuotaError{Quota: quota, Begins: m.start(), Ends: m.end(), Wait: m.end().Sub(at)}
	if held > 0 && held < e.Wait {
		e.Reserved, e.Wait = true, held
	}
	return e
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
	for key, s := range l.shares {
		s.mu.Lock()
		if s.over(now, delivered, idleShare) {
			delete(l.shares, key)
		}
		s.mu.Unlock()
	}
}
