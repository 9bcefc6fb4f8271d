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

// maxAhead is how long a burst is at most: 40 years. A bound is then within authclient.MaxRateBacklog.
const maxAhead = int64(40 * 365 * 24 * time.Hour)

// slack is how much further ahead than its burst a mark may be, if other gateways have let requests through meanwhile.
const slack = int64(2 * time.Second)

// step is the time for which one request uses up the rate, ahead that of a burst.
func (r Rate) step() int64  { return max(int64(r.Per)/int64(r.Requests), 1) }
func (r Rate) ahead() int64 { step := r.step(); return step * min(int64(r.Burst), maxAhead/step) }

// bound is how far ahead a mark can be.
func (r Rate) bound() int64 { return 2*r.ahead() + slack }

// Decide is the generic cell rate algorithm: requests arrive in steps of Per / Requests, and may be early by
// Burst steps. mark is the last decision's, or 0. A refused request changes nothing.
func (r Rate) Decide(mark, now int64) Decision {
	step, ahead := r.step(), r.ahead()
	mark = max(r.possible(mark, now), now)
	next := mark + step
	if over := next - now - ahead; over > 0 {
		return Decision{Mark: mark, Retry: time.Duration(over)}
	}
	return Decision{Allowed: true, Mark: next, Remaining: int((ahead - (next - now)) / step)}
}

// possible is the mark, unless it is further ahead than this rate puts one: the rate was changed, or the clock was set back. Then it
// is that of a burst.
func (r Rate) possible(mark, now int64) int64 {
	if mark-now > r.bound() {
		return now + r.ahead()
	}
	return mark
}

// left is how many requests may come at once, and how long it takes until there is one.
func (r Rate) left(mark, now int64) (requests, wait int64) {
	step := r.step()
	spare := r.ahead() - max(r.possible(mark, now)-now, 0)
	return max(spare/step, 0), max(step-spare, 0)
}

// partOf is what one of so many gateways may let through by itself. alone: it cannot ask the others, so it is one request at least.
func (r Rate) partOf(gateways int, alone bool) Rate {
	if gateways <= 1 {
		return r
	}
	part := Rate{Requests: r.Requests, Per: r.Per * time.Duration(gateways), Burst: r.Burst / gateways}
	if alone {
		part.Burst = max(part.Burst, 1)
	}
	return part
}
