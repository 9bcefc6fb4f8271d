package meter

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Ledger takes the counts: auth-service's private API.
type Ledger interface {
	// Usage adds a batch. A batch of the same gateway and sequence is added once, however often it is sent.
	Usage(ctx context.Context, batch []byte) error
	// UsageInUnits is Usage for a batch with API keys or costs. A ledger that does not know them refuses it.
	UsageInUnits(ctx context.Context, batch []byte) error
	// Release reports that a gateway has ended and all its counts are delivered.
	Release(ctx context.Context, gateway string) error
}

// Config is what a Meter needs. StateDir, Ledger and Log are required.
type Config struct {
	// StateDir is made if it does not exist. Gateways may share it, on one machine or on a network file system with
	// locks. Then each of them delivers what a dead one left.
	StateDir string
	Ledger   Ledger
	Log      *slog.Logger
	Now      func() time.Time // time.Now if nil
}

// Meter counts. Safe for concurrent use.
type Meter struct {
	cfg      Config
	instance string
	names    *routeNames
	metrics  *metrics

	active atomic.Pointer[table]

	mu      sync.Mutex // guards folder, number and waiting
	folder  *folder    // nil while the disk has no room for one
	number  uint64     // of the newest segment; numbers have no gaps
	waiting []*segment // sealed, not delivered

	// For the delivering goroutine only. While the ledger refuses new batches, nothing is sealed before sealAt; sealPause
	// is the length of that pause.
	sealAt    time.Time
	sealPause time.Duration

	// Unix nanoseconds. What was counted before delivered is in the ledger. What was counted before offered is in the
	// ledger or was refused.
	delivered, offered atomic.Int64
	unreachable        atomic.Bool // the last delivery did not reach auth-service
	refusal            atomic.Pointer[error]
	undelivered        atomic.Int64 // calls
	hurry              chan struct{}

	adopted     chan struct{}
	adoptedOnce sync.Once
}

// Open locks a folder of its own under StateDir and begins to count. A disk without room is no error: counts are then
// kept in memory, and the log and the metrics say so. Every other trouble with StateDir is an error.
func Open(cfg Config) (*Meter, error) {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	m := &Meter{cfg: cfg, instance: newInstance(), names: newRouteNames(), adopted: make(chan struct{}), hurry: make(chan struct{})}
	m.metrics = newMetrics(m)
	first, err := m.fileSegment(minRows)
	if err != nil {
		if !diskFull(err) {
			return nil, fmt.Errorf("STATE_DIR: %w", err)
		}
		first = m.memorySegment(minRows, err)
	}
	m.active.Store(newTable(first, m.segment))
	m.delivered.Store(cfg.Now().UnixNano())
	m.offered.Store(cfg.Now().UnixNano())
	return m, nil
}

// Instance is this gateway's id in the ledger.
func (m *Meter) Instance() string { return m.instance }

// Route returns the number of a route's name. The same name has the same number as long as the meter is open.
func (m *Meter) Route(name string) RouteID {
	id, err := m.names.id(name)
	if err != nil {
		m.cfg.Log.Error("route name not written to the disk: after a crash its calls count as unknown", "route", name, "error", err)
	}
	return id
}

// Call is one call that has been counted and has not ended.
type Call struct {
	meter *Meter
	of    owner
	key   uint64
}

// Begin counts a call, and what it costs as far as that is known. Call it before any part of the response goes to the
// client. at is the time that the quota was checked for, so that the count and the quota are of the same month. apiKey is
// the id of the key that the call came with, or 0.
func (m *Meter) Begin(at time.Time, userID int64, apiKey uint64, route RouteID, units uint64) Call {
	c := Call{meter: m, of: owner{userID, apiKey}, key: newKey(route, at)}
	m.add(c.of, c.key, &counts{requests: 1, units: units})
	return c
}

// Cost adds what the upstream has announced that the call costs. Call it before any part of the response goes to the
// client.
func (c Call) Cost(units uint64) {
	if units > 0 {
		c.meter.add(c.of, c.key, &counts{units: units})
	}
}

// End adds the result of the call: the response's status, and the bytes of both bodies.
func (c Call) End(status int, bytesIn, bytesOut int64) {
	n := counts{bytesIn: uint64(max(bytesIn, 0)), bytesOut: uint64(max(bytesOut, 0))}
	switch {
	case status >= 500:
		n.serverErrors = 1
	case status >= 400:
		n.clientErrors = 1
	}
	if n != (counts{}) {
		c.meter.add(c.of, c.key, &n)
	}
}

// RateLimited counts a call that was refused with 429. It is not one of the user's requests and costs no unit.
func (m *Meter) RateLimited(at time.Time, userID int64, apiKey uint64, route RouteID) {
	m.add(owner{userID, apiKey}, newKey(route, at), &counts{rateLimited: 1})
}

func (m *Meter) add(of owner, key uint64, c *counts) {
	for !m.active.Load().add(of, key, c) { // the table is sealed: its successor is active already
	}
}
