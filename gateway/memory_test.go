package main

import "testing"

func TestTheMemoryPlanFollowsTheLimit(t *testing.T) {
	t.Parallel()
	const mib = 1 << 20
	for name, c := range map[string]struct {
		limit         int64
		known, secure bool
		want          memoryPlan
	}{
		"the shipped container":  {220 * mib, true, false, memoryPlan{144_179_200, 5632, 18022, 72089, 65536, 7_208_960}},
		"the same with TLS":      {220 * mib, true, true, memoryPlan{144_179_200, 2816, 18022, 72089, 65536, 7_208_960}},
		"next to nothing":        {1 * mib, true, true, memoryPlan{655_360, 64, 1000, 1000, 1000, 1 << 20}},
		"a large machine":        {1 << 40, true, false, memoryPlan{687_194_767_360, 1 << 20, 250_000, 1_000_000, 1 << 20, 8 << 20}},
		"a limit nobody knows":   {1 << 62, false, false, memoryPlan{2_684_354_560, 20_000, 250_000, 1_000_000, 1 << 20, 8 << 20}},
		"the same, and with TLS": {1 << 62, false, true, memoryPlan{2_684_354_560, 20_000, 250_000, 1_000_000, 1 << 20, 8 << 20}},
	} {
		if got := planMemory(c.limit, c.known, c.secure); got != c.want {
			t.Errorf("%s: got %+v, want %+v", name, got, c.want)
		}
	}
}
