package meter

import (
	"errors"
	"syscall"
)

// segment makes the next segment: on disk, or in memory if that fails, usually because the disk is full.
func (m *Meter) segment(rows int) *segment {
	s, err := m.fileSegment(rows)
	if err != nil {
		return m.memorySegment(rows, err)
	}
	if m.metrics.inMemory.Swap(false) {
		m.cfg.Log.Info("STATE_DIR can be written again: usage survives a crash")
	}
	return s
}

// fileSegment makes a segment on disk, and the instance's folder if there is none yet.
func (m *Meter) fileSegment(rows int) (*segment, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.folder == nil {
		f, err := createFolder(m.cfg.StateDir, m.instance)
		if err != nil {
			return nil, err
		}
		m.folder = f
	}
	if err := m.names.keepIn(m.folder.routesPath()); err != nil {
		return nil, err
	}
	s, err := m.mapSegment(m.number+1, rows)
	if err == nil {
		m.number++
	}
	return s, err
}

// mapSegment makes the file of a segment. m.mu is held, and there is a folder.
func (m *Meter) mapSegment(number uint64, rows int) (*segment, error) {
	head, err := encodeHeader(m.instance, number, rows)
	if err != nil {
		return nil, err
	}
	mapped, err := createMapping(m.folder.segmentPath(number), head, segmentBytes(rows))
	if err != nil {
		return nil, err
	}
	return newSegment(number, mapped, m.cfg.Now()), nil
}

// memorySegment makes a segment in memory, while the disk takes none.
func (m *Meter) memorySegment(rows int, cause error) *segment {
	if !m.metrics.inMemory.Swap(true) {
		m.cfg.Log.Error("STATE_DIR cannot be written: usage is counted in memory only, and a crash would lose it", "error", cause)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	m.number++
	return newSegment(m.number, memory(segmentBytes(rows)), m.cfg.Now())
}

// leaveMemory moves what is counted in memory to the disk, if the disk has room again: it replaces a table in memory by one
// on disk, and copies the segments that wait. Only the delivering goroutine calls it.
func (m *Meter) leaveMemory() {
	if m.metrics.inMemory.Load() {
		first, err := m.fileSegment(minRows)
		if err != nil {
			return
		}
		m.metrics.inMemory.Store(false)
		m.cfg.Log.Info("STATE_DIR can be written again: usage survives a crash")
		m.replaceActive(first)
	}
	m.mu.Lock()
	defer m.mu.Unlock()
	for i, s := range m.waiting {
		if s.mapped.durable() || m.folder == nil {
			continue
		}
		written, err := m.mapSegment(s.number, len(s.rows))
		if err != nil {
			return
		}
		copy(written.mapped.data[headerBytes:], s.mapped.data[headerBytes:])
		written.used.Store(s.used.Load())
		written.notBefore = s.notBefore
		m.waiting[i] = written
	}
}

// diskFull reports whether an error says that space is missing: on the disk, in the disk quota, or in the process's limit of
// file sizes.
func diskFull(err error) bool {
	return errors.Is(err, syscall.ENOSPC) || errors.Is(err, syscall.EDQUOT) || errors.Is(err, syscall.EFBIG)
}
