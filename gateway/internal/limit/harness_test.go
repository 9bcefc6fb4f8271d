package limit_test

import (
	"context"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/authority"
	"tallygate/gateway/internal/limit"
)

const useWithin = 30 * time.Second

// ledger grants one user's quota as auth-service does. What is delivered moves from reserved to used.
type ledger struct {
	mu       sync.Mutex
	limit    int64
	used     int64
	leases   map[string]*lease
	away     bool
	loseNext bool // the next answer, after it was made
	asked    int
	// before, if set, is what becomes of a question before the ledger hears it.
	before func(authority.LeaseRequest) error
	delay  func(context.Context)
}

type lease struct {
	request, granted, reserved int64
	until                      time.Time
}

func newLedger(limit int64) *ledger { return &ledger{limit: limit, leases: map[string]*lease{}} }

func (l *ledger) Lease(ctx context.Context, r authority.LeaseRequest) (authority.Lease, error) {
	select { // a network
	case <-time.After(3 * time.Millisecond):
	case <-ctx.Done():
		return authority.Lease{}, authority.ErrUnavailable
	}
	if l.delay != nil {
		l.delay(ctx)
	}
	if l.before != nil {
		if err := l.before(r); err != nil {
			return authority.Lease{}, err
		}
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	l.asked++
	if l.away {
		return authority.Lease{}, authority.ErrUnavailable
	}
	granted, err := l.grant(r)
	if l.loseNext {
		l.loseNext = false
		return authority.Lease{}, authority.ErrUnavailable
	}
	return authority.Lease{Granted: granted, Limit: &l.limit, UseWithin: authority.Duration(useWithin)}, err
}

func (l *ledger) grant(r authority.LeaseRequest) (int64, error) {
	now := time.Now()
	at := l.leases[r.Gateway]
	if at == nil {
		at = &lease{}
		l.leases[r.Gateway] = at
	}
	alive := at.until.After(now)
	switch {
	case r.Request < at.request:
		return 0, &authority.RefusedError{Status: 409}
	case r.Request == at.request && alive:
		at.until = now.Add(2 * useWithin)
		return at.granted, nil
	}
	if !alive {
		at.reserved = 0
	}
	left := l.limit - l.used
	for _, other := range l.leases {
		if other.until.After(now) {
			left -= other.reserved
		}
	}
	at.request, at.granted = r.Request, max(0, min(r.Want, (left+3)/4, (l.limit+49)/50))
	at.reserved += at.granted
	at.until = now.Add(2 * useWithin)
	return at.granted, nil
}

// deliver tells the ledger of calls that were let through.
func (l *ledger) deliver(gateway string, calls int64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.used += calls
	if at := l.leases[gateway]; at != nil {
		at.reserved = max(at.reserved-calls, 0)
	}
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
}

func newGateway(name string, l *ledger, refuse bool) *gateway {
	return &gateway{name: name, ledger: l, Quotas: limit.NewQuotas(limit.QuotaConfig{
		Gateway: name, Lessor: l, Log: slog.New(slog.DiscardHandler), RefuseWhenUnreachable: refuse,
	})}
}

// call makes one call and returns its status.
func (g *gateway) call() int {
	if refusal := g.Admit(context.Background(), time.Now(), 7, g.ledger.limit); refusal != nil {
		return refusal.Status
	}
	g.passed.Add(1)
	g.pending.Add(1)
	return 200
}

func (g *gateway) delivering(ctx context.Context) {
	for ctx.Err() == nil {
		time.Sleep(500 * time.Millisecond)
		g.ledger.deliver(g.name, g.pending.Swap(0))
	}
}

// load calls as often as it says, every few milliseconds.
func (g *gateway) load(calls int) {
	for range calls {
		g.call()
		time.Sleep(2 * time.Millisecond)
	}
}
