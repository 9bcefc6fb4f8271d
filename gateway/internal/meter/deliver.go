package meter

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"tallygate/gateway/internal/authority"
)

const (
	// sealEvery is how old a count is at most before it sets out for the ledger, which shows it within 2 seconds.
	sealEvery = 500 * time.Millisecond
	// deliveryTimeout is for one batch; a replica of auth-service that hangs costs this long.
	deliveryTimeout = 15 * time.Second
	firstRetry      = 250 * time.Millisecond
	longestRetry    = 5 * time.Second
	// refusedRetry is for a batch that the ledger does not take as it is: others overtake it meanwhile.
	refusedRetry = time.Minute
)

// deliver seals and sends until ctx ends.
func (m *Meter) deliver(ctx context.Context) {
	timer := time.NewTimer(sealEvery)
	defer timer.Stop()
	var retry time.Duration
	for {
		select {
		case <-ctx.Done():
			return
		case <-timer.C:
		}
		wait := sealEvery
		if err := m.round(ctx, retry == 0); err != nil && ctx.Err() == nil {
			if retry == 0 {
				m.cfg.Log.Warn("usage is not delivered; it is kept and sent later", "error", err)
			}
			retry = min(max(2*retry, firstRetry), longestRetry)
			wait = retry/2 + rand.N(retry)
		} else if retry != 0 {
			m.cfg.Log.Info("usage is delivered again")
			retry = 0
		}
		timer.Reset(wait)
	}
}

// round delivers what waits, and the active segment with it: at once if the last round went well, otherwise only when
// the ledger has shown that it takes what waits. It returns what makes a retry worth while.
func (m *Meter) round(ctx context.Context, well bool) error {
	m.leaveMemory()
	if !well {
		if err := m.sendWaiting(ctx); err != nil {
			return err
		}
	}
	before := m.cfg.Now()
	m.sealActive()
	if err := m.sendWaiting(ctx); err != nil {
		return err
	}
	if m.waitingSegments() == 0 {
		m.delivered.Store(before.UnixNano())
	}
	return nil
}

// sealActive sends what is being counted on its way, if there is anything.
func (m *Meter) sealActive() {
	if used := m.active.Load().used.Load(); used > 0 {
		m.replaceActive(m.segment(roomFor(used)))
	}
}

// replaceActive lets a new table take the active one's place, which then waits to be delivered.
func (m *Meter) replaceActive(first *segment) {
	old := m.active.Swap(newTable(first, m.segment))
	sealed := old.seal()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = append(m.waiting, sealed...)
}

// sendWaiting delivers segments, oldest first. A segment that the ledger refuses is passed over and tried again later.
func (m *Meter) sendWaiting(ctx context.Context) error {
	for _, s := range m.waitingNow() {
		err := m.sendBatch(ctx, m.instance, s.number, s.filled(), m.names.all())
		if refused, ok := errors.AsType[*authority.RefusedError](err); ok {
			m.metrics.refused.Inc()
			m.cfg.Log.Error("the ledger refuses usage; it is kept and tried again", "segment", s.number, "error", refused)
			s.notBefore = m.cfg.Now().Add(refusedRetry)
			continue
		}
		if err != nil {
			return err
		}
		m.drop(s)
	}
	return nil
}

func (m *Meter) waitingNow() []*segment {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.cfg.Now()
	return slices.DeleteFunc(slices.Clone(m.waiting), func(s *segment) bool { return now.Before(s.notBefore) })
}

func (m *Meter) waitingSegments() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}

// sendBatch sends one segment, ours or a dead one's. The ledger wants the living's numbers without gaps, so of ours even
// an empty one.
func (m *Meter) sendBatch(ctx context.Context, instance string, number uint64, rows []row, names []string) error {
	batch, n := appendBatch(nil, instance, number, rows, names)
	if n == 0 && instance != m.instance {
		return nil
	}
	ctx, cancel := context.WithTimeout(ctx, deliveryTimeout)
	defer cancel()
	start := m.cfg.Now()
	err := m.cfg.Ledger.Usage(ctx, batch)
	m.metrics.sent(err, n, m.cfg.Now().Sub(start))
	return err
}

// drop forgets a delivered segment.
func (m *Meter) drop(s *segment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.DeleteFunc(m.waiting, func(w *segment) bool { return w == s })
	if s.mapped.durable() {
		if err := os.Remove(s.mapped.path); err != nil {
			m.cfg.Log.Error("a delivered segment was not removed; it may be delivered again, which adds nothing", "error", err)
		}
	}
	if err := s.mapped.close(); err != nil {
		m.cfg.Log.Error("a delivered segment was not unmapped", "error", err)
	}
}
