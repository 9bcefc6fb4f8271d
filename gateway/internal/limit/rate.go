package limit

import "time"

// Rate is a number of requests in a time, and how many of them may come at once.
type Rate struct {
	Requests int
	Per      time.Duration
	Burst    int
}

// Decision is the result of Rate.Decide for one request.
type Decision struct {
	Allowed bool
	// Mark is what to remember for the next decision: the theoretical arrival time (GCRA), Unix nanoseconds.
	Mark      int64
	Remaining int           // how many more may come at once
	Retry     time.Duration // how long to wait if this one was refused
}

// maxAhead keeps sums within an int64: no burst is longer than 100 years.
const maxAhead = int64(100 * 365 * 24 * time.Hour)

// Decide is the generic cell rate algorithm: requests arrive in steps of Per / Requests, and may be early by
// Burst steps. mark is the last decision's, or 0. A refused request changes nothing.
func (r Rate) Decide(mark, now int64) Decision {
	step := max(int64(r.Per)/int64(r.Requests), 1)
	ahead := step * min(int64(r.Burst), maxAhead/step)
	// This rate puts no mark further ahead. If one is, the rate was changed or the clock was set back.
	mark = min(max(mark, now), now+ahead)
	next := mark + step
	if over := next - now - ahead; over > 0 {
		return Decision{Mark: mark, Retry: time.Duration(over)}
	}
	return Decision{Allowed: true, Mark: next, Remaining: int((ahead - (next - now)) / step)}
}
