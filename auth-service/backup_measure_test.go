//go:build measure

package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// TestMeasureBackUp backs up a million users and ten million rows of the ledger, and restores them.
func TestMeasureBackUp(t *testing.T) { //nolint:paralleltest // it measures
	vars, file := bigDatabase(t), filepath.Join(t.TempDir(), "tallygate.bak")
	took, kib, out := measured(t, vars, "backup", file)
	t.Logf("backed up in %v, peak memory %d KiB: %s", took.Round(time.Second), kib, out)
	if info, err := os.Stat(file); err != nil || info.Size() < 1e9 {
		t.Errorf("the back-up has %v, %v", info, err)
	}
	vars["DATABASE_URL"] = "sqlite:" + filepath.Join(t.TempDir(), "restored.db")
	took, kib, out = measured(t, vars, "restore", file)
	t.Logf("restored in %v, peak memory %d KiB: %s", took.Round(time.Second), kib, out)
}
