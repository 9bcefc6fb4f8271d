package guess

import "time"

// Admit and Settle let tests follow one counter.
func (c Counter) Admit(free int, limits Limits, now time.Time) (after Counter, verdict string) {
	after, v := c.admit(free, limits, now)
	return after, map[admission]string{admitted: "admitted", crowded: "crowded", blocked: "blocked"}[v]
}

// Settle is settle of a wrong or a right guess.
func (c Counter) Settle(right bool, free int, longest time.Duration, limits Limits, now time.Time) Counter {
	o := Wrong
	if right {
		o = Right
	}
	return c.settle(o, true, free, longest, limits, now)
}
