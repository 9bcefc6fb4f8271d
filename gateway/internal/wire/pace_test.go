package wire_test

import (
	"testing"
	"time"

	"tallygate/gateway/internal/wire"
)

// follow plays a body of pieces, each of which is waited for so long, and reports at which of them there was too little time;
// -1: never.
func follow(least int64, pieces int, bytes int, each time.Duration) int {
	pace, now := wire.Pace{Least: least}, int64(1000)
	for i := range pieces {
		timeout, late := pace.Wait(now, time.Minute)
		if each > timeout {
			if !late {
				return -2 // the ordinary timeout
			}
			return i
		}
		now += each.Milliseconds()
		pace.Came(now, bytes)
		now += 3_600_000 // what the upstream takes does not count
	}
	return -1
}

func TestABodyNeedsItsLeastRateAfterTheGrace(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		least  int64
		pieces int
		bytes  int
		each   time.Duration
		want   int
	}{
		"a byte in two seconds":                 {240, 100, 1, 2 * time.Second, 10},
		"a byte in nearly a minute":             {240, 100, 1, 59 * time.Second, 0},
		"the least rate":                        {240, 1000, 240, time.Second, -1},
		"half of it":                            {240, 1000, 120, time.Second, 39},
		"bursts with pauses":                    {240, 1000, 1 << 14, 19 * time.Second, -1},
		"terabytes":                             {240, 1000, 1 << 40, time.Second, -1},
		"without a least rate a byte in 59 s":   {0, 100, 1, 59 * time.Second, -1},
		"a large least rate and a slow network": {1 << 20, 1000, 1 << 19, time.Second, 39},
	} {
		if got := follow(c.least, c.pieces, c.bytes, c.each); got != c.want {
			t.Errorf("%s: too late at piece %d, want %d", name, got, c.want)
		}
	}
}

func TestWhatCameWithTheHeadCounts(t *testing.T) {
	t.Parallel()
	pace := wire.Pace{Least: 100}
	pace.Had(1000)
	if timeout, late := pace.Wait(0, time.Minute); !late || timeout != 30*time.Second {
		t.Errorf("got %s, %v, want the grace and ten seconds", timeout, late)
	}
}
