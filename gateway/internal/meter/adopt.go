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
	adoptEvery = time.Second
	// unfinishedAge is far longer than a gateway takes to make its folder.
	unfinishedAge = time.Minute
)

// adopting delivers what dead gateways left, until ctx ends.
func (m *Meter) adopting(ctx context.Context) {
	tick := time.NewTicker(adoptEvery)
	defer tick.Stop()
	logged := map[string]string{}
	for {
		err := m.adoptAll(ctx, logged)
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

// adoptAll goes through the folders once. logged holds the last failure of each folder: the same one is
// not logged again.
func (m *Meter) adoptAll(ctx context.Context, logged map[string]string) error {
	instances, err := others(m.cfg.StateDir, m.instance)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	if err := removeUnfinished(m.cfg.StateDir, m.cfg.Now().Add(-unfinishedAge)); err != nil && logged[newPrefix] != err.Error() {
		m.cfg.Log.Warn("unfinished folder not removed", "error", err)
		logged[newPrefix] = err.Error()
	}
	var errs []error
	for _, instance := range instances {
		err := m.adoptOne(ctx, instance)
		if err == nil || ctx.Err() != nil {
			continue
		}
		errs = append(errs, err)
		if logged[instance] != err.Error() {
			m.cfg.Log.Warn("usage of a dead gateway not delivered yet", "instance", instance, "error", err)
			logged[instance] = err.Error()
		}
	}
	return errors.Join(errs...)
}

// adoptOne delivers one folder and removes it, unless its gateway lives or another gateway is delivering it.
func (m *Meter) adoptOne(ctx context.Context, instance string) error {
	f, err := takeFolder(m.cfg.StateDir, instance)
	switch {
	case errors.Is(err, errLocked):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		// A gateway died after it had removed the lock and before it removed the folder.
		_ = os.Remove(filepath.Join(m.cfg.StateDir, instance)) // removes only an empty folder
		return nil
	case err != nil:
		return err
	}
	if err := m.deliverFolder(ctx, f); err != nil {
		f.release()
		return err
	}
	m.metrics.adopted.Inc()
	m.cfg.Log.Info("usage of a dead gateway delivered", "instance", instance)
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
	_, skipped, err := m.sendAll(ctx, f.instance, names, segments)
	if err := errors.Join(skipped, err); err != nil {
		return err
	}
	return m.cfg.Ledger.Release(ctx, f.instance)
}

// readSegment reads the rows that the dead gateway would have sent, or has sent already.
func (m *Meter) readSegment(instance string, number uint64, path string) ([]row, error) {
	file, err := os.ReadFile(path) // at most 2 MiB
	if err != nil || len(file) < headerBytes {
		return nil, err // a shorter file was never finished: nothing is counted in it
	}
	if err := checkHeader(file[:headerBytes]); errors.Is(err, errHeaderForeign) {
		return nil, err
	} else if err != nil {
		m.cfg.Log.Warn("segment header is torn; its rows are checked one by one", "instance", instance, "segment", number)
	}
	rows := mappedRows(file[headerBytes:])
	m.reportTorn(instance, number, rows)
	return rows, nil
}

// reportTorn counts and logs the rows that a power failure has damaged. They are not delivered.
func (m *Meter) reportTorn(instance string, number uint64, rows []row) {
	torn := 0
	for i := range rows {
		if t := rows[i].readAny(); t.counts != (counts{}) && !t.plausible() {
			torn++
		}
	}
	if torn > 0 {
		m.metrics.torn.Add(float64(torn))
		m.cfg.Log.Error("torn rows of a segment are left out", "instance", instance, "segment", number, "rows", torn)
	}
}
