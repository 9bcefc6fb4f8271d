package wire

import (
	"testing"
	"time"
)

func TestAPeerHasToTakeAtALeastRate(t *testing.T) {
	t.Parallel()
	const timeout, tickMillis = 60_000, 100
	for name, row := range map[string]struct {
		taken func(second uint64) uint64 // bytes so far
		want  int64                      // seconds until it is cut, about; 0 for never
	}{
		"nothing":             {func(uint64) uint64 { return 0 }, 60},
		"a byte a second":     {func(s uint64) uint64 { return s }, 60},
		"a kilobyte a minute": {func(s uint64) uint64 { return s / 60 * 1024 }, 60},
		"just enough":         {func(s uint64) uint64 { return s * leastRate * 8 / 7 }, 0},
		"in large pieces":     {func(s uint64) uint64 { return s / 50 * 65536 }, 0},
		"a lot, then nothing": {func(s uint64) uint64 { return min(s, 30) * 100_000 }, 90},
	} {
		var w writes
		w.begin(timeout * time.Millisecond)
		var s stall
		var cut int64
		for now := int64(1); now < 600_000 && cut == 0; now += tickMillis {
			if s.lasts(w.current(), now, func() uint64 { return row.taken(uint64(now) / 1000) }) {
				cut = now / 1000
			}
		}
		if early, late := cut < row.want, cut > row.want+timeout/1000/stallSteps+1; early || late {
			t.Errorf("%s: cut after %d s, want %d", name, cut, row.want)
		}
	}
}

func TestEachWriteHasItsOwnTime(t *testing.T) {
	t.Parallel()
	var w writes
	var s stall
	nothing := func() uint64 { return 0 }
	for now := int64(0); now < 100_000; now += 500 {
		w.begin(time.Second)
		if s.lasts(w.current(), now, nothing) || s.lasts(w.current(), now+400, nothing) {
			t.Fatal("a write was cut for the one before")
		}
		w.end()
	}
}
