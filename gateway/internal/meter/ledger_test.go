package meter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"log/slog"
	"sync"
	"testing"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/meter"
)

// cell is what the ledger has sums for.
type cell struct {
	User  int64     `json:"user_id"`
	Key   string    `json:"key_id"`
	Route string    `json:"route"`
	Hour  time.Time `json:"hour"`
}

type sums struct {
	Requests     uint64 `json:"requests"`
	Units        uint64 `json:"-"`
	ClientErrors uint64 `json:"client_errors"`
	ServerErrors uint64 `json:"server_errors"`
	RateLimited  uint64 `json:"rate_limited"`
	BytesIn      uint64 `json:"bytes_in"`
	BytesOut     uint64 `json:"bytes_out"`
}

type batchID struct {
	Gateway  string
	Sequence uint64
}

// ledger adds up batches as auth-service does, each once, and checks that a batch never changes.
type ledger struct {
	t testing.TB

	mu       sync.Mutex
	batches  map[batchID][]byte
	cells    map[cell]sums
	released []string
	// fail, if set, decides whether a batch is applied, and the error that the gateway gets.
	fail func() (apply bool, err error)
	// old: it is of a version that does not know API keys and costs.
	old bool
}

// deliveredRow is a row of a batch. Without units it is one unit a call.
type deliveredRow struct {
	cell
	sums
	Announced *uint64 `json:"units"`
}

func (r *deliveredRow) units() uint64 {
	if r.Announced != nil {
		return *r.Announced
	}
	return r.Requests
}

func (l *ledger) UsageInUnits(_ context.Context, body []byte) error {
	l.mu.Lock()
	old := l.old
	l.mu.Unlock()
	if old {
		return &authclient.RefusedError{Status: 404}
	}
	return l.take(body, true)
}

func newLedger(t testing.TB) *ledger {
	return &ledger{t: t, batches: map[batchID][]byte{}, cells: map[cell]sums{}}
}

func (l *ledger) Usage(_ context.Context, body []byte) error { return l.take(body, false) }

func (l *ledger) take(body []byte, inUnits bool) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	apply, err := true, error(nil)
	if l.fail != nil {
		apply, err = l.fail()
	}
	if apply {
		l.apply(body, inUnits)
	}
	return err
}

func (l *ledger) apply(body []byte, inUnits bool) {
	var batch struct {
		Gateway  string         `json:"gateway"`
		Sequence uint64         `json:"sequence"`
		Rows     []deliveredRow `json:"rows"`
	}
	dec := json.NewDecoder(bytes.NewReader(body))
	dec.DisallowUnknownFields()
	if err := dec.Decode(&batch); err != nil {
		l.t.Errorf("a batch is not JSON: %v", err)
	}
	id := batchID{batch.Gateway, batch.Sequence}
	if old, again := l.batches[id]; again {
		if !bytes.Equal(old, body) {
			l.t.Errorf("batch %v changed between two deliveries", id)
		}
		return
	}
	l.batches[id] = bytes.Clone(body)
	for _, r := range batch.Rows {
		if !inUnits && (r.Key != "" || r.Announced != nil) {
			l.t.Errorf("an old auth-service would count a row wrongly: %+v", r)
		}
		at := l.cells[r.cell]
		at.Requests += r.Requests
		at.Units += r.units()
		at.ClientErrors += r.ClientErrors
		at.ServerErrors += r.ServerErrors
		at.RateLimited += r.RateLimited
		at.BytesIn += r.BytesIn
		at.BytesOut += r.BytesOut
		l.cells[r.cell] = at
	}
}

func (l *ledger) Release(_ context.Context, gateway string) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.released = append(l.released, gateway)
	return nil
}

func (l *ledger) failing(fail func() (bool, error)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.fail = fail
}

func (l *ledger) at(user int64, route string, hour time.Time) sums {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cells[cell{user, "", route, hour}]
}

// requests is the number of calls in the ledger, of all users.
func (l *ledger) requests() (n uint64) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, s := range l.cells {
		n += s.Requests
	}
	return n
}

// away is the failure of a ledger that cannot be reached.
func away() (bool, error) { return false, authclient.ErrUnavailable }

func quiet() *slog.Logger { return slog.New(slog.DiscardHandler) }

func open(t testing.TB, dir string, l meter.Ledger) *meter.Meter {
	t.Helper()
	m, err := meter.Open(meter.Config{StateDir: dir, Ledger: l, Log: quiet()})
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// running opens a meter and runs it until the test ends or stop is called.
func running(t testing.TB, dir string, l meter.Ledger) (m *meter.Meter, stop func()) {
	t.Helper()
	m = open(t, dir, l)
	ctx, cancel := context.WithCancel(context.Background())
	var wg sync.WaitGroup
	wg.Go(func() {
		if err := m.Run(ctx); err != nil {
			t.Error(err)
		}
	})
	stop = func() { cancel(); wg.Wait() }
	t.Cleanup(stop)
	return m, stop
}

// within waits until the condition holds.
func within(t testing.TB, timeout time.Duration, what string, holds func() bool) {
	t.Helper()
	deadline := time.NewTimer(timeout)
	defer deadline.Stop()
	tick := time.NewTicker(5 * time.Millisecond)
	defer tick.Stop()
	for !holds() {
		select {
		case <-deadline.C:
			t.Fatalf("not within %s: %s", timeout, what)
		case <-tick.C:
		}
	}
}
