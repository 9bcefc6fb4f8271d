package limit

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authority"
	"tallygate/kit/problem"
)

// Lessor reserves calls: auth-service's ledger.
type Lessor interface {
	Lease(ctx context.Context, r authority.LeaseRequest) (authority.Lease, error)
}

// QuotaConfig is what Quotas need. Gateway, Lessor and Log are required.
type QuotaConfig struct {
	Gateway string // this instance's id, under which its usage is delivered
	Lessor  Lessor
	Log     *slog.Logger
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
	q := &Quotas{cfg: cfg, asking: make(chan struct{}, maxAsking), metrics: newQuotaMetrics(), started: cfg.Now()}
	for i := range q.lanes {
		q.lanes[i].shares = map[shareKey]*share{}
	}
	return q
}

// Admit takes one call of a user whose quota is limit calls a month, or returns what the client is told: a 429 with the
// time when the next month begins, or a 503. The call has to be counted at the same moment: at says in which month.
func (q *Quotas) Admit(ctx context.Context, at time.Time, userID, limit int64) *problem.Details {
	s := q.share(shareKey{userID, monthOf(at)})
	for {
		s.mu.Lock()
		o, askNow := s.take(q.cfg.Now())
		if askNow {
			s.asking = make(chan struct{})
			go q.ask(s)
		}
		asking := s.asking
		s.mu.Unlock()
		switch o {
		case admitted:
			return nil
		case denied:
			q.metrics.refused.Inc()
			return refuseQuota(s.key.month, limit, at)
		case unreachable:
			return q.unchecked()
		case unanswered:
			return cannotCheck()
		case wait:
		}
		select {
		case <-asking:
		case <-ctx.Done():
			return problem.Unavailable("The request was cancelled.", time.Second)
		}
	}
}

func (q *Quotas) share(key shareKey) *share {
	lane := &q.lanes[uint64(key.user)%lanes]
	lane.mu.Lock()
	defer lane.mu.Unlock()
	s := lane.shares[key]
	if s == nil {
		s = &share{key: key, usedAt: q.cfg.Now()}
		lane.shares[key] = s
	}
	return s
}

func (q *Quotas) unchecked() *problem.Details {
	if q.cfg.RefuseWhenUnreachable {
		return cannotCheck()
	}
	q.metrics.unchecked.Inc()
	return nil
}

func cannotCheck() *problem.Details {
	return problem.Unavailable("The gateway cannot check your monthly quota at the moment; try again soon.", failedPause)
}

func refuseQuota(m month, limit int64, at time.Time) *problem.Details {
	return tooMany("month", "quota-used-up",
		fmt.Sprintf("You have used up your %d calls of this month; the next month begins at %s.", limit, m.end().Format(time.RFC3339)),
		limit, m.end().Sub(m.start()), m.end().Sub(at))
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
		for i := range q.lanes {
			q.lanes[i].sweep(now)
		}
	}
}

func (l *quotaLane) sweep(now time.Time) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for key, s := range l.shares {
		s.mu.Lock()
		if s.over(now, idleShare) {
			delete(l.shares, key)
		}
		s.mu.Unlock()
	}
}
