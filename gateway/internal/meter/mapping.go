package meter

// mapping is a segment's memory, and what backs it: a file shared with the kernel, or nothing.
type mapping struct {
	data  []byte
	path  string                  // empty without a file
	sync  func() error            // writes to the disk and waits for it
	unmap func(data []byte) error // nil for ordinary memory
	// For the syncing goroutine only. synced: the sealed segment is on the disk. named: the file's name is, too.
	synced, named bool
}

// memory is a mapping for when the disk takes no file. It does not survive the process.
func memory(size int) *mapping {
	return &mapping{data: make([]byte, size), sync: func() error { return nil }}
}

// durable reports whether there is a file.
func (m *mapping) durable() bool { return m.path != "" }

// close unmaps the memory. The data must not be read after it.
func (m *mapping) close() error {
	if m.unmap == nil || m.data == nil {
		return nil
	}
	data := m.data
	m.data = nil
	return m.unmap(data)
}
