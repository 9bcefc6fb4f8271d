//go:build linux || darwin || freebsd

package disk

import "golang.org/x/sys/unix"

// space returns the bytes that a program without special rights can still write, and the size of the file system.
func space(path string) (free, size uint64, err error) {
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		return 0, 0, err
	}
	block := uint64(s.Bsize)
	// On FreeBSD the free blocks are negative when the reserve for root is in use.
	return uint64(max(0, int64(s.Bavail))) * block, s.Blocks * block, nil
}
