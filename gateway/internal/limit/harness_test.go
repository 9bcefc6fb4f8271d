package limit_test

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/limit"
)

const useWithin = 30 * time.Second

// ledger grants one user's quota as auth-service does. What is delivered moves from reserved to used.
type ledger struct {
	mu          sync.Mutex
	limit       int64
	used        int64
	leases      map[string]*lease
	unreachable bool
	loseNext    bool // the next response, after it was made
	// undelivered: it responds to lease requests and takes no batches.
	undelivered bool
	requests    int
	// before, if set, runs before the ledger gets a request, and may fail it.
	before func(authclient.LeaseRequest) error
	delay  func(context.Context)
}

type lease struct {
	request, granted, reserved int64
	until                      time.Time
}

func newLedger(limit int64) *ledger { return &ledger{limit: limit, leases: map[string]*lease{}} }

func (l *ledger) Lease(ctx context.Context, r authclient.LeaseRequest) (authclient.Lease, error) {
	select { // a network
	case <-time.After(3 * time.Millisecond):
	case <-ctx.Done():
		return authclient.Lease{}, authclient.ErrUnavailable
	}
	if l.delay != nil {
		l.delay(ctx)
	}
	if l.before != nil {
		if err := l.before(r); err != nil {
			return authclient.Lease{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.requests++
	if l.unreachable {
		return authclient.Lease{}, authclient.ErrUnavailable
	}
	granted, err := l.grant(r)
	if l.loseNext {
		l.loseNext = false
		return authclient.Lease{}, authclient.ErrUnavailable
	}
	lease := authclient.Lease{Granted: granted, Limit: new(l.limit), UseWithin: authclient.Duration(useWithin)}
	lease.Remaining = l.limit - l.used
	for name, other := range l.leases {
		if !other.until.After(time.Now()) {
			continue
		}
		lease.Remaining -= other.reserved
		if name != r.Gateway {
			lease.ReservedElsewhere += other.reserved
		}
	}
	lease.Remaining = max(lease.Remaining, 0)
	return lease, err
}

func (l *ledger) grant(r authclient.LeaseRequest) (int64, error) {
	now := time.Now()
	at := l.leases[r.Gateway]
	if at == nil {
		at = &lease{}
		l.leases[r.Gateway] = at
	}
	alive := at.until.After(now)
	switch {
	case r.Request < at.request:
		return 0, &authclient.RefusedError{Status: 409}
	case r.Request == at.request && alive:
		at.until = now.Add(2 * useWithin)
		return at.granted, nil
	}
	if !alive {
		at.reserved = 0
	}
	at.reserved = max(at.reserved-r.Returned, 0)
	left := l.limit - l.used
	for _, other := range l.leases {
		if other.until.After(now) {
			left -= other.reserved
		}
	}
	at.request, at.granted = r.Request, 0
	if left > 0 && left >= r.Least {
		at.granted = max(r.Least, min(r.Want, (left+3)/4, (l.limit+49)/50))
	}
	at.reserved += at.granted
	at.until = now.Add(2 * useWithin)
	return at.granted, nil
}

// deliver gives the ledger the counts of calls that were let through.
func (l *ledger) deliver(gateway string, calls int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used += calls
	if at := l.leases[gateway]; at != nil {
		at.reserved = max(at.reserved-calls, 0)
	}
}

// quota is the user's quota as the gateways have it; below 0 is none.
func (l *ledger) quota() int64 {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.limit
}

func (l *ledger) set(change func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	change()
}

// gateway admits calls of one user and delivers them twice a second.
type gateway struct {
	*limit.Quotas
	name    string
	ledger  *ledger
	passed  atomic.Int64
	pending atomic.Int64
	offered atomic.Int64 // Unix nanoseconds
	hurry   chan struct{}
}

// newGateway delivers nothing by itself. Either the test runs delivering, or it delivers at once.
func newGateway(name string, l *ledger, refuse bool) *gateway {
	return &gateway{name: name, ledger: l, Quotas: limit.NewQuotas(limit.QuotaConfig{
		Gateway: name, Ledger: l, Log: slog.New(slog.DiscardHandler), RefuseWhenUnreachable: refuse,
	})}
}

// newMetered is a gateway that reports how far it has delivered.
func newMetered(name string, l *ledger, refuse bool) *gateway {
	g := &gateway{name: name, ledger: l, hurry: make(chan struct{})}
	g.offered.Store(time.Now().UnixNano())
	g.Quotas = limit.NewQuotas(limit.QuotaConfig{
		Gateway: name, Ledger: l, Meter: g, Log: slog.New(slog.DiscardHandler), RefuseWhenUnreachable: refuse,
	})
	return g
}

func (g *gateway) OfferedUpTo() time.Time { return time.Unix(0, g.offered.Load()) }

func (g *gateway) Hurry() {
	select {
	case g.hurry <- struct{}{}:
	default:
	}
}

func (g *gateway) Unreachable() bool {
	g.ledger.mu.Lock()
	defer g.ledger.mu.Unlock()
	return g.ledger.unreachable
}

// call makes one call and returns its status.
func (g *gateway) call() int {
	if err := g.admit(time.Now(), 7, g.ledger.quota()); err != nil {
		return statusOf(err)
	}
	g.passed.Add(1)
	g.pending.Add(1)
	return 200
}

// admit takes a call under a monthly quota alone.
func (g *gateway) admit(at time.Time, user, quota int64) error {
	c := limit.Claim{At: at, UserID: user, PerMonth: quota, PerDay: -1, KeyPerMonth: -1, Cost: 1}
	return g.Admit(context.Background(), &c, &limit.Standings{})
}

// statusOf is the status of a client's response.
func statusOf(err error) int {
	switch {
	case errors.Is(err, limit.ErrExceeded):
		return 429
	case errors.Is(err, limit.ErrUnchecked):
		return 503
	}
	return 0
}

func (g *gateway) delivering(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-g.hurry:
		case <-time.After(500 * time.Millisecond):
		}
		g.ledger.mu.Lock()
		closed := g.ledger.unreachable || g.ledger.undelivered
		g.ledger.mu.Unlock()
		if closed {
			continue
		}
		before := time.Now()
		calls := g.pending.Swap(0)
		time.Sleep(5 * time.Millisecond) // a network
		g.ledger.deliver(g.name, calls)
		g.offered.Store(before.UnixNano())
	}
}

// load calls as often as it says, every few milliseconds.
func (g *gateway) load(calls int) {
	for range calls {
		g.call()
		time.Sleep(2 * time.Millisecond)
	}
}
