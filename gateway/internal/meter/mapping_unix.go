//go:build unix

package meter

import (
	"os"

	"golang.org/x/sys/unix"
)

// createMapping makes the file, allocates all of its space and maps it shared. On an error there is no file.
func createMapping(path string, head []byte, size int) (*mapping, error) {
	f, err := os.OpenFile(path, os.O_RDWR|os.O_CREATE|os.O_EXCL, 0o600)
	if err != nil {
		return nil, err
	}
	m, err := mapNew(f, head, size)
	if err != nil {
		f.Close()
		_ = os.Remove(path) // an empty or short file would be skipped later anyway
		return nil, err
	}
	m.path = path
	return m, nil
}

func mapNew(f *os.File, head []byte, size int) (*mapping, error) {
	if err := allocate(f, int64(size)); err != nil {
		return nil, err
	}
	if _, err := f.WriteAt(head, 0); err != nil {
		return nil, err
	}
	data, err := unix.Mmap(int(f.Fd()), 0, size, unix.PROT_READ|unix.PROT_WRITE, unix.MAP_SHARED)
	if err != nil {
		return nil, &os.PathError{Op: "mmap", Path: f.Name(), Err: err}
	}
	return &mapping{data: data, sync: f.Sync, unmap: func(data []byte) error {
		f.Close()
		return unix.Munmap(data)
	}}, nil
}

// zeros fills the file with zeros, on systems without a call that allocates.
func zeros(f *os.File, size int64) error {
	block := make([]byte, 1<<20)
	for at := int64(0); at < size; at += int64(len(block)) {
		if _, err := f.WriteAt(block[:min(int64(len(block)), size-at)], at); err != nil {
			return err
		}
	}
	return nil
}
