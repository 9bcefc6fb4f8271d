package meter

// mapping is a segment's memory, and what backs it: a file shared with the kernel, or nothing.
type mapping struct {
	data  []byte
	path  string                  // empty without a file
	sync  func() error            // writes through to the disk
	unmap func(data []byte) error // nil for ordinary memory
	// The syncer's own: written through since the segment was sealed; and the file's name, too.
	synced, named bool
}

// memory is the mapping of last resort: it does not survive the process.
func memory(size int) *mapping {
	return &mapping{data: make([]byte, size), sync: func() error { return nil }}
}

// durable reports whether there is a file.
func (m *mapping) durable() bool { return m.path != "" }

// close lets go of the memory. Nobody may look at the data after it.
func (m *mapping) close() error {
	if m.unmap == nil || m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	return m.unmap(data)
}
