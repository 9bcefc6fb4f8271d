package limit

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
)

// Lessor reserves calls: auth-service's ledger.
type Lessor interface {
	Lease(ctx context.Context, r authclient.LeaseRequest) (authclient.Lease, error)
}

// Tally is what this gateway counts.
type Tally interface {
	// OfferedUpTo is the moment up to which what was counted is in the ledger, or was refused by it.
	OfferedUpTo() time.Time
	// Hurry has what is counted delivered soon.
	Hurry()
}

// QuotaConfig is what Quotas need. Gateway, Lessor and Log are required.
type QuotaConfig struct {
	Gateway string // this instance's id, under which its usage is delivered
	Lessor  Lessor
	// Tally is where the calls are counted that are let through. Nil: they are in the ledger at once.
	Tally Tally
	Log   *slog.Logger
	// RefuseWhenUnreachable answers 503 when the ledger cannot be asked and what was reserved is used up. Otherwise such
	// calls pass, are counted, and may take the user over the quota.
	RefuseWhenUnreachable bool
	// Settled is closed when what dead gateways had left is in the ledger. The first question waits for it, a little.
	Settled <-chan struct{}
	Now     func() time.Time // time.Now if nil
}

const (
	sweepEvery = 10 * time.Second
	// idleShare is how long a share is kept after its last call, when it holds nothing.
	idleShare = time.Minute
)

// Quotas admits calls against monthly quotas. Safe for concurrent use.
type Quotas struct {
	cfg     QuotaConfig
	lanes   [lanes]quotaLane
	bare    unleased
	numbers atomic.Int64
	asking  chan struct{}
	started time.Time
	// answeredAt is when a question was answered last. failedAt is when one was not, if none has been since: the ledger
	// is away. Unix nanoseconds, or 0.
	answeredAt, failedAt atomic.Int64
	metrics              *quotaMetrics
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
	q := &Quotas{cfg: cfg, bare: newUnleased(), asking: make(chan struct{}, maxAsking), metrics: newQuotaMetrics(), started: cfg.Now()}
	for i := range q.lanes {
		q.lanes[i].shares = map[shareKey]*share{}
	}
	return q
}

// Admit takes one call of a user whose quota is limit calls a month; a limit below 0 is none. The call has to be counted
// at once: at says in which month. Errors: *QuotaError, ErrUnchecked, and ctx's.
func (q *Quotas) Admit(ctx context.Context, at time.Time, userID, limit int64) error {
	if limit < 0 {
		q.bare.note(userID, q.cfg.Now())
		return nil
	}
	s := q.share(shareKey{userID, monthOf(at)}, limit)
	for {
		now := q.cfg.Now()
		s.mu.Lock()
		o, askNow := s.take(now, limit, q.unleased(userID))
		if askNow {
			s.asking = make(chan struct{})
			go q.ask(s)
		}
		asking, backBy := s.asking, s.backBy
		s.mu.Unlock()
		switch o {
		case admitted:
			return nil
		case denied:
			q.metrics.refused.Inc()
			return refuseQuota(s.key.month, limit, at, backBy.Sub(now))
		case unreachable:
			return q.unchecked(userID, now)
		case unanswered:
			return ErrUnchecked
		case wait:
		}
		select {
		case <-asking:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// unleased is when calls of the user were last let through without a reservation, as far as that is certain.
func (q *Quotas) unleased(userID int64) time.Time {
	if q.cfg.Tally == nil {
		return time.Time{}
	}
	last, certain := q.bare.last(userID)
	if !certain {
		return time.Time{}
	}
	return last
}

func (q *Quotas) share(key shareKey, limit int64) *share {
	lane := &q.lanes[uint64(key.user)%lanes]
	lane.mu.Lock()
	defer lane.mu.Unlock()
	s := lane.shares[key]
	if s == nil {
		s = &share{key: key, limit: limit, usedAt: q.cfg.Now()}
		lane.shares[key] = s
	}
	return s
}

func (q *Quotas) unchecked(userID int64, now time.Time) error {
	if q.cfg.RefuseWhenUnreachable {
		return ErrUnchecked
	}
	q.bare.note(userID, now)
	q.metrics.unchecked.Inc()
	return nil
}

// refuseQuota says when calls come back: back is how long others may hold some that they do not use, if it is positive.
func refuseQuota(m month, quota int64, at time.Time, back time.Duration) error {
	end := m.end().Sub(at)
	reserved := back > 0 && back < end
	if !reserved {
		back = end
	}
	return &QuotaError{Quota: quota, Begins: m.start(), Ends: m.end(), Reserved: reserved, Wait: back}
}

// Run forgets the shares of users who call no more, until ctx ends.
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
		if q.cfg.Tally != nil {
			delivered = q.cfg.Tally.OfferedUpTo()
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
