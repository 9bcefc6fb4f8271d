//go:build !unix

package meter

import "os"

// createMapping holds the rows in ordinary memory and writes them to the file twice a second. A killed process may lose
// what it counted since the last time.
func createMapping(path string, head []byte, size int) (*mapping, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	m := &mapping{data: make([]byte, size), path: path}
	copy(m.data, head)
	m.sync = func() error {
		if _, err := f.WriteAt(m.data, 0); err != nil {
			return err
		}
		return f.Sync()
	}
	m.unmap = func([]byte) error { return f.Close() }
	if err := m.sync(); err != nil {
		f.Close()
		_ = os.Remove(path)
		return nil, err
	}
	return m, nil
}
