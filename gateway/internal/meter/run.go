package meter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Run delivers, syncs to the disk and takes over dead gateways' folders until ctx ends. Counting works without it: the
// counts wait until Run runs.
func (m *Meter) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { m.syncing(ctx) })
	wg.Go(func() { m.adopting(ctx) })
	m.deliver(ctx)
	wg.Wait()
	return nil
}

// Adopted returns a channel that is closed when all that dead gateways had left is delivered for the first time.
func (m *Meter) Adopted() <-chan struct{} { return m.adopted }

// DeliveredUpTo returns a time: every call that was counted before it is in the ledger.
func (m *Meter) DeliveredUpTo() time.Time { return time.Unix(0, m.delivered.Load()) }

// OfferedUpTo returns a time: every call that was counted before it is in the ledger, or in a batch that the ledger has
// refused.
func (m *Meter) OfferedUpTo() time.Time { return time.Unix(0, m.offered.Load()) }

// Unreachable reports whether the last delivery failed because auth-service was not reached. It is false if auth-service was
// reached and was slow.
func (m *Meter) Unreachable() bool { return m.unreachable.Load() }

// Hurry starts a delivery at once, for a caller that waits for it.
func (m *Meter) Hurry() {
	select {
	case m.hurry <- struct{}{}:
	default: // a round is running: a caller that still waits calls again
	}
}

// lastRounds bounds the deliveries of Close while calls still end.
const lastRounds = 3

var errStillCounting = errors.New("calls have ended after the last delivery")

// Close delivers what is left, as long as ctx allows, and removes the folder if all is delivered. Otherwise it syncs
// everything to the disk and leaves the folder to the next gateway. Run must have returned. What is counted after Close is
// lost.
func (m *Meter) Close(ctx context.Context) error {
	err := m.round(ctx, true)
	for n := 1; err == nil && m.counting(); n++ {
		if n == lastRounds {
			err = errStillCounting
			break
		}
		err = m.round(ctx, true)
	}
	m.mu.Lock()
	f := m.folder
	m.mu.Unlock()
	m.names.close()
	if err == nil && m.waitingSegments() == 0 {
		err = m.cfg.Ledger.Release(ctx, m.instance)
		if f != nil && err == nil {
			return f.remove()
		}
	}
	m.leaveMemory()
	m.syncAll(m.cfg.Now())
	if rows := m.rowsInMemory(); rows > 0 {
		m.cfg.Log.Error("usage is lost: STATE_DIR cannot be written, and the ledger did not take it", "rows", rows)
	}
	if f != nil {
		f.release()
	}
	return err
}

// counting reports whether something has been counted since the last sealing.
func (m *Meter) counting() bool { return m.active.Load().used.Load() > 0 }

func (m *Meter) rowsInMemory() (rows int64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	for _, s := range slices.Concat(m.waiting, *m.active.Load().segments.Load()) {
		if !s.mapped.durable() {
			rows += s.used.Load()
		}
	}
	return rows
}
