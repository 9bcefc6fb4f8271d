package meter

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"
)

// Run delivers, writes through to the disk and looks after dead gateways' folders until ctx ends. Counting needs none
// of it: what is counted while Run does not run waits.
func (m *Meter) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { m.syncing(ctx) })
	wg.Go(func() { m.adopting(ctx) })
	m.deliver(ctx)
	wg.Wait()
	return nil
}

// Adopted is closed once what dead gateways had left was delivered for the first time.
func (m *Meter) Adopted() <-chan struct{} { return m.adopted }

// DeliveredUpTo is the moment up to which every call that was counted is in the ledger.
func (m *Meter) DeliveredUpTo() time.Time { return time.Unix(0, m.delivered.Load()) }

// OfferedUpTo is the moment up to which every call that was counted is in the ledger, unless the ledger has refused the
// batch that it is in.
func (m *Meter) OfferedUpTo() time.Time { return time.Unix(0, m.offered.Load()) }

// Hurry has what is counted delivered at once, for somebody who waits for it.
func (m *Meter) Hurry() {
	select {
	case m.hurry <- struct{}{}:
	default: // a round is under way: whoever waits calls again
	}
}

// lastRounds bounds how often Close delivers, as long as calls still end.
const lastRounds = 3

var errStillCounting = errors.New("calls have ended after the last delivery")

// Close delivers what is left as long as ctx allows, and removes the folder if nothing is. Otherwise it writes all
// through to the disk and leaves the folder to the next gateway. Run must have returned. What is counted afterwards
// is lost.
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
