// Package memory finds out how much memory this program may use: GOMEMLIMIT, or the limit of its control group, which is what a
// container has.
//
// It counts nothing and refuses nothing: what shares the memory out takes its figure from here.
package memory

import (
	"log/slog"
	"math"
	"runtime/debug"

	"github.com/KimMachineGun/automemlimit/memlimit"
)

// Limit returns the bytes that the program may use: the lower of the Go runtime's memory limit (GOMEMLIMIT, or what Apply has set) and
// nine tenths of the control group's limit (cgroup v1 or v2, its parents' too). The tenth is for what the Go runtime does not
// see: the program itself and the kernel's memory of it. known is false if there is neither.
func Limit() (bytes int64, known bool) {
	return limit(debug.SetMemoryLimit(-1), memlimit.FromCgroup)
}

// limit is Limit with its two sources.
func limit(runtime int64, cgroup func() (uint64, error)) (bytes int64, known bool) {
	bytes = runtime
	// An error means that there is no control group, or that it has no limit.
	if of, err := cgroup(); err == nil && of < math.MaxInt64 {
		bytes = min(bytes, int64(of)/10*9)
	}
	return bytes, bytes < math.MaxInt64
}

// Apply makes Limit the memory limit of the Go runtime, and logs it. It leaves a GOMEMLIMIT that the operator has set alone.
func Apply(log *slog.Logger) {
	if debug.SetMemoryLimit(-1) != math.MaxInt64 {
		return
	}
	if bytes, known := Limit(); known {
		debug.SetMemoryLimit(bytes)
		log.Info("memory limit set from the control group", "bytes", bytes)
	}
}
