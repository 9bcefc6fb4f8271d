package meter

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"time"

	"tallygate/kit/every"
)

const (
	syncEvery = 400 * time.Millisecond
	// syncAge is the age from which segments are synced. Most are delivered before. syncEvery and syncAge together stay
	// below the second that a power failure may cost.
	syncAge = 400 * time.Millisecond
)

// syncing syncs to the disk what is not delivered yet, until ctx ends.
func (m *Meter) syncing(ctx context.Context) {
	every.Do(ctx, syncEvery, func() { m.syncAll(m.cfg.Now().Add(-syncAge)) })
}

// syncAll syncs the segments that were begun before this time. Sealed ones need it once.
func (m *Meter) syncAll(begunBefore time.Time) {
	m.mu.Lock()
	sealed := slices.Clone(m.waiting)
	m.mu.Unlock()
	for _, s := range sealed {
		if !s.mapped.synced && s.openedAt.Before(begunBefore) {
			s.mapped.synced = m.sync(s)
		}
	}
	active := m.active.Load()
	if active.used.Load() == 0 {
		return
	}
	for _, s := range *active.segments.Load() {
		if s.openedAt.Before(begunBefore) {
			m.sync(s)
		}
	}
}

func (m *Meter) sync(s *segment) bool {
	err := s.mapped.sync()
	if err == nil && !s.mapped.named {
		err = syncFolder(s.mapped.path)
		s.mapped.named = err == nil
	}
	if err != nil && !errors.Is(err, os.ErrClosed) { // closed: it has been delivered meanwhile
		m.metrics.syncErrors.Inc()
		m.cfg.Log.Error("usage not synced to the disk", "error", err)
	}
	return err == nil
}

// syncFolder syncs the names of a new file and of its folder. Syncing the file does not include its name (fsync(2)).
func syncFolder(path string) error {
	if path == "" || runtime.GOOS == "windows" { // Windows has no such call and needs none
		return nil
	}
	for range 2 {
		path = filepath.Dir(path)
		folder, err := os.Open(path)
		if err != nil {
			return err
		}
		err = folder.Sync()
		folder.Close()
		if err != nil {
			return err
		}
	}
	return nil
}
