package limit_test

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/limit"
)

// books are a ledger for each quota in each of its periods.
type books struct {
	mu      sync.Mutex
	quotas  map[string]int64 // by kind: month, day, key
	ledgers map[string]*ledger
}

func newBooks(month, day, key int64) *books {
	return &books{quotas: map[string]int64{"month": month, "day": day, "key": key}, ledgers: map[string]*ledger{}}
}

func (b *books) Lease(ctx context.Context, r authclient.LeaseRequest) (authclient.Lease, error) {
	switch {
	case r.Month != "":
		return b.of("month", r.Month).Lease(ctx, r)
	case r.Day != "":
		return b.of("day", r.Day).Lease(ctx, r)
	}
	return b.of("key", r.KeyMonth+" "+r.KeyID).Lease(ctx, r)
}

func (b *books) of(kind, period string) *ledger {
	b.mu.Lock()
	defer b.mu.Unlock()
	name := kind + " " + period
	if b.ledgers[name] == nil {
		b.ledgers[name] = newLedger(b.quotas[kind])
	}
	return b.ledgers[name]
}

// office is a gateway that delivers to books.
type office struct {
	*limit.Quotas
	name    string
	books   *books
	mu      sync.Mutex
	counted map[*ledger]int64 // not delivered yet
	passed  map[*ledger]int64 // units, in all
	calls   atomic.Int64
	likely  atomic.Int64
	offered atomic.Int64
	hurry   chan struct{}
	work    chan struct{} // something is counted
}

func (o *office) OfferedUpTo() time.Time { return time.Unix(0, o.offered.Load()) }
func (o *office) Unreachable() bool      { return false }
func (o *office) Hurry() {
	select {
	case o.hurry <- struct{}{}:
	default:
	}
}

// openOffices starts gateways that deliver until the test's end.
func openOffices(t *testing.T, b *books, n int) (all []*office, stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	var background sync.WaitGroup
	for i := range n {
		o := &office{name: fmt.Sprint(i), books: b, counted: map[*ledger]int64{}, passed: map[*ledger]int64{}, hurry: make(chan struct{}), work: make(chan struct{}, 1)}
		o.offered.Store(time.Now().UnixNano())
		o.Quotas = limit.NewQuotas(limit.QuotaConfig{Gateway: o.name, Ledger: b, Meter: o, Log: slog.New(slog.DiscardHandler), RefuseWhenUnreachable: true})
		background.Go(func() { o.delivering(ctx) })
		background.Go(func() { _ = o.Run(ctx) }) // ends with ctx
		all = append(all, o)
	}
	return all, func() { cancel(); background.Wait() }
}

func (o *office) delivering(ctx context.Context) {
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-o.hurry:
		case <-o.work:
			select {
			case <-o.hurry:
			case <-time.After(500 * time.Millisecond):
			}
		}
		before := time.Now()
		o.mu.Lock()
		counted := o.counted
		o.counted = map[*ledger]int64{}
		o.mu.Unlock()
		time.Sleep(5 * time.Millisecond) // a network
		for of, units := range counted {
			of.deliver(o.name, units)
		}
		o.offered.Store(before.UnixNano())
	}
}

// call makes a call of user 7 with key 9. An announced cost is counted when the call ends.
func (o *office) call(cost int64, announced bool, takes time.Duration) error {
	c := limit.Claim{
		At: time.Now(), UserID: 7, KeyID: 9, PerMonth: o.books.quotas["month"], PerDay: o.books.quotas["day"],
		KeyPerMonth: o.books.quotas["key"], Cost: cost,
	}
	if announced {
		c.Cost, c.Likely = 0, o.likely.Load()
	}
	var left limit.Standings
	if err := o.Admit(context.Background(), &c, &left); err != nil {
		return err
	}
	o.calls.Add(1)
	if announced {
		time.Sleep(takes)
		covered := o.Spend(&c, cost, &left)
		o.likely.Store(max(cost, o.likely.Load()))
		o.count(&c, cost)
		if !covered {
			o.AwaitDelivery(context.Background())
		}
		return nil
	}
	o.count(&c, cost)
	return nil
}

func (o *office) count(c *limit.Claim, cost int64) {
	at := c.At.UTC()
	of := []*ledger{
		o.books.of("month", at.Format("2006-01")), o.books.of("day", at.Format("2006-01-02")), o.books.of("key", at.Format("2006-01")+" 9"),
	}
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, l := range of {
		o.counted[l] += cost
		o.passed[l] += cost
	}
	select {
	case o.work <- struct{}{}:
	default:
	}
}

// passed is how many units passed of each kind and period.
func passed(all []*office) map[string]int64 {
	sum := map[string]int64{}
	for _, o := range all {
		for name, l := range o.books.ledgers {
			sum[name] += o.passed[l]
		}
	}
	return sum
}
