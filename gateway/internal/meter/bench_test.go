//go:build unix

package meter_test

import (
	"fmt"
	"runtime"
	"sync/atomic"
	"syscall"
	"testing"
	"time"
)

// The cost of one call, Begin and End, with every core at it. The CPU time includes sealing and delivering.
func BenchmarkOneCall(b *testing.B) {
	for _, users := range []int64{1, 1000, 100_000} {
		b.Run(fmt.Sprintf("users=%d", users), func(b *testing.B) {
			l := newLedger(b)
			l.failing(func() (bool, error) { return false, nil })
			m, _ := running(b, b.TempDir(), l)
			root := m.Route("root")
			at := time.Now()
			var lane atomic.Int64
			before := cpuTime(b)
			b.ResetTimer()
			b.RunParallel(func(pb *testing.PB) {
				user := lane.Add(1) * 7919
				for pb.Next() {
					user++
					m.Begin(at, 1+user%users, 0, root, 1).End(200, 0, 90)
				}
			})
			b.ReportMetric(float64((cpuTime(b)-before).Nanoseconds())/float64(b.N), "cpu-ns/op")
		})
	}
}

// What a million users of one hour take while the ledger is unreachable. That is when the most is held.
func BenchmarkAMillionUsersWithoutALedger(b *testing.B) {
	const users = 1_000_000
	for b.Loop() {
		l := newLedger(b)
		l.failing(away)
		dir := b.TempDir()
		before := heap()
		m := open(b, dir, l)
		root := m.Route("root")
		for round := range 3 {
			for user := range int64(users) {
				m.Begin(noon, user+1, 0, root, 1).End(200, int64(round), 90)
			}
		}
		b.ReportMetric(float64(heap()-before)/(1<<20), "heap-MiB")
		b.ReportMetric(float64(diskUse(b, dir))/(1<<20), "disk-MiB")
		l.failing(nil)
		if err := m.Deliver(b.Context()); err != nil {
			b.Fatal(err)
		}
		if got := l.requests(); got != 3*users {
			b.Fatalf("got %d calls", got)
		}
	}
}

func cpuTime(b *testing.B) time.Duration {
	b.Helper()
	var use syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &use); err != nil {
		b.Fatal(err)
	}
	return time.Duration(use.Utime.Nano() + use.Stime.Nano())
}

func heap() uint64 {
	runtime.GC()
	var stats runtime.MemStats
	runtime.ReadMemStats(&stats)
	return stats.HeapAlloc
}
