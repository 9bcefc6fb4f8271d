package password

import (
	"runtime"
	"runtime/metrics"
	"slices"
)

// garbage is the memory of finished hashes that may not be free yet. Each hash allocates its memory anew, and what it leaves
// is free after the next run of the garbage collector.
type garbage struct {
	left []leftOver
	kib  uint64
}

// leftOver is the memory of hashes that finished when the garbage collector had run so often.
type leftOver struct{ runs, kib uint64 }

// add notes that a hash has finished.
func (g *garbage) add(kib uint64) {
	runs := collectorRuns()
	if n := len(g.left); n > 0 && g.left[n-1].runs == runs {
		g.left[n-1].kib += kib
	} else {
		g.left = append(g.left, leftOver{runs, kib})
	}
	g.kib += kib
}

// forget drops what is free now. A run that was under way when a hash finished may not have freed its memory; the one after
// that has.
func (g *garbage) forget() {
	runs := collectorRuns()
	g.left = slices.DeleteFunc(g.left, func(l leftOver) bool {
		free := l.runs+2 <= runs
		if free {
			g.kib -= l.kib
		}
		return free
	})
}

// collectorRuns is how often the garbage collector has run to its end.
func collectorRuns() uint64 {
	runs := []metrics.Sample{{Name: "/gc/cycles/total:gc-cycles"}}
	metrics.Read(runs)
	return runs[0].Value.Uint64()
}

// collectorTries bounds how often one hash waits for the garbage collector before it starts.
const collectorTries = 3

// collect runs the garbage collector if the memory of running and finished hashes could otherwise pass its bound. The Go
// runtime has a memory limit too, but it may pass that limit when several hashes start while the collector is at work.
func (q *Queue) collect() {
	if q.cfg.MemoryKiB == 0 {
		return
	}
	q.collecting.Lock()
	defer q.collecting.Unlock()
	for range collectorTries {
		left, within := q.withinBound()
		if within {
			return
		}
		runtime.GC()
		q.freed(left)
	}
}

// memoryBound is what running and finished hashes may take together, in KiB.
func (q *Queue) memoryBound() uint64 { return q.cfg.MemoryKiB + q.cfg.MemoryKiB/2 }

// withinBound reports whether the memory of running and finished hashes is within its bound. If not, left is what the next
// run of the garbage collector frees.
func (q *Queue) withinBound() (left []leftOver, within bool) {
	q.mu.Lock()
	defer q.mu.Unlock()
	bound := q.memoryBound()
	if q.runningKiB+q.garbage.kib > bound {
		q.garbage.forget()
	}
	if q.garbage.kib == 0 || q.runningKiB+q.garbage.kib <= bound {
		return nil, true
	}
	left, q.garbage.left = q.garbage.left, nil
	return left, false
}

func (q *Queue) freed(left []leftOver) {
	q.mu.Lock()
	defer q.mu.Unlock()
	for _, l := range left {
		q.garbage.kib -= l.kib
	}
}
