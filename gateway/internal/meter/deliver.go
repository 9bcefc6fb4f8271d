package meter

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"time"

	"tallygate/gateway/internal/authclient"
)

const (
	// sealEvery is how often counts are delivered. The ledger has to show a call within 2 seconds.
	sealEvery = 500 * time.Millisecond
	// hurryWait is the wait after Hurry: many callers together cause at most 20 rounds a second.
	hurryWait = 50 * time.Millisecond
	// deliveryTimeout bounds one batch: a replica of auth-service that hangs costs this long.
	deliveryTimeout = 15 * time.Second
	firstRetry      = 250 * time.Millisecond
	longestRetry    = 5 * time.Second
	// refusedRetry is the wait before a refused batch is sent again. Other batches are sent meanwhile.
	refusedRetry = time.Minute
	// While the ledger refuses each new batch, the pause before the next one doubles, so that refused segments do not
	// fill the disk.
	firstSealPause   = time.Second
	longestSealPause = time.Hour
)

var errRefused = errors.New("the ledger refuses new batches")

// deliver seals and sends until ctx ends.
func (m *Meter) deliver(ctx context.Context) {
	timer := time.NewTimer(sealEvery)
	defer timer.Stop()
	var retry time.Duration
	hurried := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-m.hurry:
			if !hurried {
				timer.Reset(hurryWait)
				hurried = true
			}
			continue
		case <-timer.C:
		}
		hurried = false
		wait := sealEvery
		err := m.round(ctx, retry == 0)
		m.countUndelivered()
		m.unreachable.Store(err != nil && !errors.Is(err, authclient.ErrSlow))
		if err != nil && ctx.Err() == nil {
			if retry == 0 {
				m.cfg.Log.Warn("usage not delivered; it is kept and sent later", "error", err)
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

// round seals the active table and delivers all that waits. If the last round failed, it first delivers what waits, and
// seals only if the ledger has taken that. While the ledger refuses new batches, it seals nothing. After an error, the
// next round comes sooner.
func (m *Meter) round(ctx context.Context, lastSucceeded bool) error {
	m.leaveMemory()
	if !lastSucceeded || m.cfg.Now().Before(m.sealAt) {
		if err := m.sendWaiting(ctx); err != nil {
			return err
		}
	}
	before := m.cfg.Now()
	if before.Before(m.sealAt) {
		return errRefused
	}
	m.sealActive()
	if err := m.sendWaiting(ctx); err != nil {
		return err
	}
	m.offered.Store(before.UnixNano())
	if m.waitingSegments() == 0 {
		m.delivered.Store(before.UnixNano())
	}
	return nil
}

// sealActive seals the active table, if anything is counted in it.
func (m *Meter) sealActive() {
	if used := m.active.Load().used.Load(); used > 0 {
		m.replaceActive(m.segment(roomFor(used)))
	}
}

// replaceActive puts a new table in place of the active one, whose segments then wait to be delivered.
func (m *Meter) replaceActive(first *segment) {
	old := m.active.Swap(newTable(first, m.segment))
	sealed := old.seal()
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = append(m.waiting, sealed...)
}

// sendWaiting delivers what waits. A refused segment is sent again later. If the ledger refuses a new segment and takes no
// other, that is an error, and sealing pauses.
func (m *Meter) sendWaiting(ctx context.Context) error {
	var segments []outgoing
	refusedNew := false
	for _, s := range m.waitingNow() {
		segments = append(segments, outgoing{
			number: s.number,
			rows:   func() ([]row, error) { return s.filled(), nil },
			sent:   func() error { m.drop(s); return nil },
			refused: func() {
				refusedNew = refusedNew || s.notBefore.IsZero()
				s.notBefore = m.cfg.Now().Add(refusedRetry)
			},
		})
	}
	delivered, refused, err := m.sendAll(ctx, m.instance, m.names.all(), segments)
	if refused != nil {
		m.refusal.Store(&refused)
		m.cfg.Log.Error("the ledger refuses usage; it is kept and sent again", "error", refused)
	}
	if !m.holdsRefused() {
		m.refusal.Store(nil)
	}
	switch {
	case delivered > 0:
		m.sealPause, m.sealAt = 0, time.Time{}
	case refusedNew:
		m.sealPause = min(max(2*m.sealPause, firstSealPause), longestSealPause)
		m.sealAt = m.cfg.Now().Add(m.sealPause)
		return errRefused
	}
	return err
}

func (m *Meter) waitingNow() []*segment {
	m.mu.Lock()
	defer m.mu.Unlock()
	now := m.cfg.Now()
	return slices.DeleteFunc(slices.Clone(m.waiting), func(s *segment) bool { return now.Before(s.notBefore) })
}

// holdsRefused reports whether a segment waits that the ledger has refused.
func (m *Meter) holdsRefused() bool {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.ContainsFunc(m.waiting, func(s *segment) bool { return !s.notBefore.IsZero() })
}

func (m *Meter) waitingSegments() int {
	m.mu.Lock()
	defer m.mu.Unlock()
	return len(m.waiting)
}

// drop forgets a delivered segment.
func (m *Meter) drop(s *segment) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.waiting = slices.DeleteFunc(m.waiting, func(w *segment) bool { return w == s })
	if s.mapped.durable() {
		if err := os.Remove(s.mapped.path); err != nil {
			m.cfg.Log.Error("delivered segment not removed; it may be delivered again, which adds nothing", "error", err)
		}
	}
	if err := s.mapped.close(); err != nil {
		m.cfg.Log.Error("delivered segment not unmapped", "error", err)
	}
}
