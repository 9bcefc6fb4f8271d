//go:build measure

package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// importChild is set in the process that imports.
const importChild = "TALLYGATE_MEASURE_IMPORT"

// maxImportGrowth is how much more memory a million lines may take than ten thousand, in KiB.
const maxImportGrowth = 24 << 10

// TestMeasureImportChild is the process that TestMeasureImport starts.
func TestMeasureImportChild(t *testing.T) { //nolint:paralleltest // it measures memory
	if os.Getenv(importChild) == "" {
		t.Skip("TestMeasureImport starts it")
	}
	code := runCommand(t.Context(), []string{"admin", "import"}, os.LookupEnv, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr})
	if code != 0 {
		t.Errorf("got %d", code)
	}
}

// TestMeasureImport: the memory of an import does not grow with the number of its lines.
func TestMeasureImport(t *testing.T) { //nolint:paralleltest // it measures memory
	few, _ := measureImport(t, 10_000)
	many, took := measureImport(t, 1_000_000)
	t.Logf("peak memory: %d KiB for 10,000 lines, %d KiB for 1,000,000 in %v (%.0f lines a second)",
		few, many, took.Round(time.Second), 1e6/took.Seconds())
	if many > few+maxImportGrowth {
		t.Errorf("a million lines took %d KiB, ten thousand %d", many, few)
	}
}

// measureImport imports so many lines into an SQLite file, in a process of its own, and returns its peak memory in KiB.
func measureImport(t *testing.T, lines int) (kib int64, took time.Duration) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestMeasureImportChild$", "-test.timeout=1h")
	cmd.Env = append(os.Environ(), importChild+"=1", "DATABASE_URL=sqlite:"+filepath.Join(t.TempDir(), "import.db"))
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, os.Stderr
	in, err := cmd.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	began := time.Now()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	text := bufio.NewWriter(in)
	for n := range lines {
		fmt.Fprintf(text, "user-%07d %s created_at=2019-03-04T05:06:07Z\n", n, bcryptOf123456)
	}
	if err := text.Flush(); err != nil {
		t.Fatal(err)
	}
	if err := in.Close(); err != nil {
		t.Fatal(err)
	}
	if err := cmd.Wait(); err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("%d users imported, 0 were there before.", lines); !strings.Contains(out.String(), want) {
		t.Fatalf("got %s, want %s", out.String(), want)
	}
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system does not tell the process's memory")
	}
	return usage.Maxrss, time.Since(began)
}
