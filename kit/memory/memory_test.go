package memory_test

import (
	"errors"
	"math"
	"testing"

	"tallygate/kit/memory"
)

func TestTheLowerLimitHolds(t *testing.T) {
	t.Parallel()
	const none, mib = math.MaxInt64, 1 << 20
	cgroup := func(bytes uint64) func() (uint64, error) { return func() (uint64, error) { return bytes, nil } }
	for name, c := range map[string]struct {
		runtime int64
		cgroup  func() (uint64, error)
		want    int64
	}{
		"neither":                            {none, func() (uint64, error) { return 0, errors.New("memory is not limited") }, none},
		"GOMEMLIMIT alone":                   {220 * mib, func() (uint64, error) { return 0, errors.New("no cgroup") }, 220 * mib},
		"a control group alone":              {none, cgroup(100 * mib), 90 * mib},
		"GOMEMLIMIT below the group's":       {220 * mib, cgroup(256 * mib), 220 * mib},
		"GOMEMLIMIT above the group's":       {1000 * mib, cgroup(100 * mib), 90 * mib},
		"a group whose limit is no limit":    {none, cgroup(math.MaxUint64), none},
		"a group with the highest of limits": {none, cgroup(math.MaxInt64), none},
	} {
		bytes, known := memory.LimitOf(c.runtime, c.cgroup)
		if bytes != c.want || known != (c.want != none) {
			t.Errorf("%s: got %d, %v, want %d", name, bytes, known, c.want)
		}
	}
}

func TestSomeMemoryIsAvailable(t *testing.T) {
	t.Parallel()
	bytes := memory.Available()
	if limit, known := memory.Limit(); bytes <= 0 || known && bytes != limit {
		t.Errorf("got %d, with a limit of %d (%v)", bytes, limit, known)
	}
}
