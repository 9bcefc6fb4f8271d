package main

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// catchesInterrupt reports whether the process is a make that has a handler for SIGINT. GNU make passes SIGTERM on to its
// children, but not SIGINT: it expects that a terminal sends SIGINT to the whole group. If make alone gets SIGINT, it
// removes its handler and waits for its children.
func catchesInterrupt(pid int) bool {
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return false
	}
	isMake, catches := false, false
	for line := range strings.Lines(string(status)) {
		key, value, _ := strings.Cut(strings.TrimSpace(line), ":\t")
		switch key {
		case "Name":
			isMake = value == "make" || value == "gmake"
		case "SigCgt":
			mask, err := strconv.ParseUint(value, 16, 64)
			catches = err == nil && mask&(1<<(uint(syscall.SIGINT)-1)) != 0
		}
	}
	return isMake && catches
}
