package meter

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"
)

// Ledger is where counts go: auth-service's private listener.
type Ledger interface {
	// Usage adds a batch. The same gateway and sequence are added once, however often they come.
	Usage(ctx context.Context, batch []byte) error
	// Release says that a gateway has ended and that all it has counted is delivered.
	Release(ctx context.Context, gateway string) error
}

// Config is what a Meter needs. StateDir, Ledger and Log are required.
type Config struct {
	// StateDir is made if it is not there. Gateways on one machine, or on one network file system with locks, may
	// share it, and then deliver what a dead one left.
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

	mu      sync.Mutex // what follows
	folder  *folder    // nil while the disk has no room for one
	number  uint64     // of the newest segment; its predecessors have all the smaller ones
	waiting []*segment // sealed, not delivered

	// The deliverer's own: nothing is sealed before, because the ledger refuses new batches; and how long it was put off.
	sealAt    time.Time
	sealPause time.Duration

	// Unix nanoseconds: what was counted before then is in the ledger; or is there or was refused.
	delivered, offered atomic.Int64
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
		m.cfg.Log.Error("route's name was not written down: after a crash its calls count as unknown", "route", name, "error", err)
	}
	return id
}

// Call is one call that has been counted and has not ended.
type Call struct {
	meter *Meter
	user  int64
	key   uint64
}

// Begin counts a call. It has to come before anything of the answer goes to the client. at is the moment by which the
// call's quota was judged, so that both fall into one month.
func (m *Meter) Begin(at time.Time, userID int64, route RouteID) Call {
	t := Call{meter: m, user: userID, key: newKey(route, at)}
	m.add(t.user, t.key, &counts{requests: 1})
	return t
}

// End adds what became of the call: the answer's status, and the bytes of the bodies.
func (t Call) End(status int, bytesIn, bytesOut int64) {
	c := counts{bytesIn: uint64(max(bytesIn, 0)), bytesOut: uint64(max(bytesOut, 0))}
	switch {
	case status >= 500:
		c.serverErrors = 1
	case status >= 400:
		c.clientErrors = 1
	}
	if c != (counts{}) {
		t.meter.add(t.user, t.key, &c)
	}
}

// RateLimited counts a call that was refused with 429: it is not one of the user's requests.
func (m *Meter) RateLimited(at time.Time, userID int64, route RouteID) {
	m.add(userID, newKey(route, at), &counts{rateLimited: 1})
}

func (m *Meter) add(user int64, key uint64, c *counts) {
	for !m.active.Load().add(user, key, c) { // sealed: its successor is there already
	}
}
