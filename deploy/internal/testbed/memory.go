package testbed

import (
	"fmt"
	"os"
	"strconv"
	"strings"
)

// ResidentMemory is the memory that a process holds, in bytes. It needs Linux.
func ResidentMemory(pid int) (int64, error) { return memory(pid, "VmRSS:") }

// PeakMemory is the most that a process has held so far, in bytes. It needs Linux.
func PeakMemory(pid int) (int64, error) { return memory(pid, "VmHWM:") }

func memory(pid int, field string) (int64, error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if value, ok := strings.CutPrefix(line, field); ok {
			kib, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(strings.TrimSpace(value), "kB")), 10, 64)
			return kib << 10, err
		}
	}
	return 0, fmt.Errorf("process %d has no %s", pid, field)
}
