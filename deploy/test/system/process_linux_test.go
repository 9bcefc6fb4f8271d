package system_test

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// ownGroup gives the program a process group of its own, so that a signal to its group does not reach the test.
func ownGroup() *syscall.SysProcAttr { return &syscall.SysProcAttr{Setpgid: true} }

// descendants are the ids, by program name, of the processes that pid has started, directly or through another.
func descendants(t *testing.T, pid int) map[string]int {
	t.Helper()
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		t.Fatal(err)
	}
	type proc struct {
		pid  int
		name string
	}
	children := map[int][]proc{}
	for _, path := range stats {
		text, err := os.ReadFile(path)
		if err != nil {
			continue // it ended meanwhile
		}
		// 123 (any name, even with parentheses) S 1 …
		head, rest, _ := strings.Cut(string(text), " (")
		closing := strings.LastIndexByte(rest, ')')
		name, fields := rest[:closing], strings.Fields(rest[closing+1:])
		id, err := strconv.Atoi(head)
		if err != nil {
			t.Fatal(err)
		}
		parent, err := strconv.Atoi(fields[1])
		if err != nil {
			t.Fatal(err)
		}
		children[parent] = append(children[parent], proc{id, name})
	}
	found := map[string]int{}
	for queue := []int{pid}; len(queue) > 0; queue = queue[1:] {
		for _, child := range children[queue[0]] {
			found[child.name] = child.pid
			queue = append(queue, child.pid)
		}
	}
	return found
}

// allGone waits until none of the processes runs.
func allGone(t *testing.T, processes map[string]int) {
	t.Helper()
	testbed.Eventually(t, "the processes to end", func() error {
		for name, pid := range processes {
			if err := syscall.Kill(pid, 0); !errors.Is(err, syscall.ESRCH) && !isZombie(pid) {
				return fmt.Errorf("%s (process %d) still runs", name, pid)
			}
		}
		return nil
	})
}

// isZombie reports whether a process has ended and its parent has not collected it yet. An orphan's new parent may be slow.
func isZombie(pid int) bool {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return true
	}
	_, rest, _ := strings.Cut(string(text), ") ")
	return strings.HasPrefix(rest, "Z")
}

// residentBytes is the memory that a process holds.
func residentBytes(t *testing.T, pid int) int64 {
	t.Helper()
	bytes, err := testbed.ResidentMemory(pid)
	if err != nil {
		t.Fatal(err)
	}
	return bytes
}
