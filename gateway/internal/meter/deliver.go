package meter

import (
	"context"
	"errors"
	"math/rand/v2"
	"os"
	"slices"
	"time"
)

const (
	// sealEvery is how old a count is at most before it sets out for the ledger, which shows it within 2 seconds.
	sealEvery = 500 * time.Millisecond
	// hurryWait gathers those who cannot wait for it, so that many of them make no more than 20 rounds a second.
	hurryWait = 50 * time.Millisecond
	// deliveryTimeout is for one batch; a replica of auth-service that hangs costs this long.
	deliveryTimeout = 15 * time.Second
	firstRetry      = 250 * time.Millisecond
	longestRetry    = 5 * time.Second
	// refusedRetry is for a batch that the ledger does not take as it is: others overtake it meanwhile.
	refusedRetry = time.Minute
	// A ledger that refuses each new batch gets them ever more seldom, so that refused segments do not fill the disk.
	firstSealPause   = time.Second
	longestSealPause = time.Hour
)

var errRefused = errors.New("the ledger takes none of it")

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
// the ledger has shown that it takes what waits, and not while it refuses every new one. It returns what makes a retry
// worth while.
func (m *Meter) round(ctx context.Context, well bool) error {
	m.leaveMemory()
	if !well || m.cfg.Now().Before(m.sealAt) {
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

// sendWaiting delivers what waits. A segment that the ledger refuses is tried again later. If it refuses a new one and
// takes nothing else, that is an error, and sealing pauses.
func (m *Meter) sendWaiting(ctx context.Context) error {
	var segments []outgoing
	anew := false
	for _, s := range m.waitingNow() {
		segments = append(segments, outgoing{
			number: s.number,
			rows:   func() ([]row, error) { return s.filled(), nil },
			sent:   func() error { m.drop(s); return nil },
			refused: func() {
				anew = anew || s.notBefore.IsZero()
				s.notBefore = m.cfg.Now().Add(refusedRetry)
			},
		})
	}
	delivered, refused, err := m.sendAll(ctx, m.instance, m.names.all(), segments)
	if refused != nil {
		m.cfg.Log.Error("the ledger refuses usage; it is kept and tried again", "error", refused)
	}
	switch {
	case delivered > 0:
		m.sealPause, m.sealAt = 0, time.Time{}
	case anew:
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
			m.cfg.Log.Error("a delivered segment was not removed; it may be delivered again, which adds nothing", "error", err)
		}
	}
	if err := s.mapped.close(); err != nil {
		m.cfg.Log.Error("a delivered segment was not unmapped", "error", err)
	}
}
