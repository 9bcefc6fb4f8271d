package meter

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"time"
)

const (
	// adoptEvery is how often a gateway looks for what dead ones left.
	adoptEvery = 10 * time.Second
	// unfinishedAge is far longer than a gateway takes to make its folder.
	unfinishedAge = time.Minute
)

// adopting delivers what dead gateways left, until ctx ends.
func (m *Meter) adopting(ctx context.Context) {
	tick := time.NewTicker(adoptEvery)
	defer tick.Stop()
	told := map[string]string{}
	for {
		err := m.adoptAll(ctx, told)
		if err == nil {
			m.adoptedOnce.Do(func() { close(m.adopted) })
		}
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
	}
}

// adoptAll goes through the folders once. What goes wrong is told once for each folder and reason.
func (m *Meter) adoptAll(ctx context.Context, told map[string]string) error {
	instances, err := others(m.cfg.StateDir, m.instance)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := removeUnfinished(m.cfg.StateDir, m.cfg.Now().Add(-unfinishedAge)); err != nil && told[newPrefix] != err.Error() {
		m.cfg.Log.Warn("a folder that was never finished is not removed", "error", err)
		told[newPrefix] = err.Error()
	}
	var errs []error
	for _, instance := range instances {
		err := m.adoptOne(ctx, instance)
		if err == nil || ctx.Err() != nil {
			continue
		}
		errs = append(errs, err)
		if told[instance] != err.Error() {
			m.cfg.Log.Warn("usage that another gateway left is not delivered yet", "instance", instance, "error", err)
			told[instance] = err.Error()
		}
	}
	return errors.Join(errs...)
}

// adoptOne delivers one folder and removes it, unless its gateway lives or another is at it.
func (m *Meter) adoptOne(ctx context.Context, instance string) error {
	f, err := takeFolder(m.cfg.StateDir, instance)
	switch {
	case errors.Is(err, errLocked):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		// Its gateway, or who adopted it, was ended between removing the lock and the folder.
		_ = os.Remove(filepath.Join(m.cfg.StateDir, instance)) // only an empty folder goes
		return nil
	case err != nil:
		return err
	}
	if err := m.deliverFolder(ctx, f); err != nil {
		f.release()
		return err
	}
	m.metrics.adopted.Inc()
	m.cfg.Log.Info("delivered the usage that another gateway left", "instance", instance)
	return f.remove()
}

func (m *Meter) deliverFolder(ctx context.Context, f *folder) error {
	names, err := readRoutes(f.routesPath())
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	numbers, err := f.segments()
	if err != nil {
		return err
	}
	segments := make([]outgoing, 0, len(numbers))
	for _, number := range numbers {
		path := f.segmentPath(number)
		segments = append(segments, outgoing{
			number:  number,
			rows:    func() ([]row, error) { return m.readSegment(f.instance, number, path) },
			sent:    func() error { return os.Remove(path) },
			refused: func() {}, // the whole folder is tried again
		})
	}
	_, passed, err := m.sendAll(ctx, f.instance, names, segments)
	if err := errors.Join(passed, err); err != nil {
		return err
	}
	return m.cfg.Ledger.Release(ctx, f.instance)
}

// readSegment reads the rows that a segment's own gateway would have sent, or has.
func (m *Meter) readSegment(instance string, number uint64, path string) ([]row, error) {
	file, err := os.ReadFile(path) // at most 2 MiB
	if err != nil || len(file) < headerBytes {
		return nil, err // shorter: it ended while it was made, and nothing was counted in it yet
	}
	if err := checkHeader(file[:headerBytes]); errors.Is(err, errHeaderForeign) {
		return nil, err
	} else if err != nil {
		m.cfg.Log.Warn("a segment's header is torn; its rows are judged one by one", "instance", instance, "segment", number)
	}
	rows := mappedRows(file[headerBytes:])
	m.reportTorn(instance, number, rows)
	return rows, nil
}

// reportTorn tells of rows that a power failure has spoiled. Nothing of them is delivered.
func (m *Meter) reportTorn(instance string, number uint64, rows []row) {
	torn := 0
	for i := range rows {
		if rows[i].read() != (counts{}) && !rows[i].plausible() {
			torn++
		}
	}
	if torn > 0 {
		m.metrics.torn.Add(float64(torn))
		m.cfg.Log.Error("rows of a segment are torn and are left out", "instance", instance, "segment", number, "rows", torn)
	}
}
