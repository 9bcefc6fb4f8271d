package guess

import "time"

// Admit is admit, with a text for the decision.
func (c Counter) Admit(free int, limits Limits, now time.Time) (after Counter, decided string) {
	after, d := c.admit(free, limits, now)
	return after, map[decision]string{admitted: "admitted", mustWait: "must wait", blocked: "blocked"}[d]
}

// Settle is settle of a wrong or a right password.
func (c Counter) Settle(right bool, free int, longest time.Duration, limits Limits, now time.Time) Counter {
	o := Wrong
	if right {
		o = Right
	}
	return c.settle(o, counted{policy: Policy{Free: free}, longest: longest, resets: true}, limits, now)
}
