//go:build chaos && unix

package chaos_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"testing"

	"tallygate/deploy/internal/cluster"
)

// folders are the gateways' own folders in their shared folder.
func folders(t *testing.T, c *cluster.Cluster) []string {
	t.Helper()
	entries, err := os.ReadDir(c.StateDir)
	if err != nil {
		t.Fatal(err)
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	return names
}

// diskBytes is how much disk the gateways' folder takes, including allocated but unused parts.
func diskBytes(t *testing.T, c *cluster.Cluster) int64 {
	t.Helper()
	var sum int64
	err := filepath.WalkDir(c.StateDir, func(_ string, entry fs.DirEntry, err error) error {
		if err == nil {
			var info fs.FileInfo
			if info, err = entry.Info(); err == nil {
				sum += info.Sys().(*syscall.Stat_t).Blocks * 512
			}
		}
		if errors.Is(err, fs.ErrNotExist) { // delivered meanwhile
			return nil
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return sum
}
