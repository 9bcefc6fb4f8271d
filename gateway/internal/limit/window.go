package limit

import (
	"math"
	"time"
)

// window is the time in which a user who was told what a rate leaves is never told more. It begins with a call.
type window struct {
	ends int64 // Unix nanoseconds
	told int32 // at last
}

// window is how long one of the rate is: what the rate announces as its own, or the whole seconds in which a smaller burst comes back.
func (r Rate) window() int64 {
	if r.Burst >= r.Requests {
		return int64(r.Per)
	}
	const second = int64(time.Second)
	return (r.ahead() + second - 1) / second * second
}

// standing is what the limit leaves to the user, and notes that this was told.
func (u *usage) standing(limit *Limit, now int64, gateways int, alone bool) Standing {
	rate := limit.Rate
	calls, wait := u.left(rate, now, gateways, alone)
	w := &u.window
	// No window ends later than that. If one does, the rate was changed or the clock was set back.
	if now >= w.ends || w.ends-now > rate.window()+rate.bound() {
		*w = window{ends: now + rate.window(), told: math.MaxInt32}
	}
	w.told = int32(min(int64(w.told), calls, int64(rate.Requests)))
	if w.told == 0 {
		w.ends = max(w.ends, now+wait) // then there is one again
	}
	return Standing{
		Name: limit.Name, Quota: int64(rate.Requests), Window: rate.Per, Remaining: int64(w.told), Reset: time.Duration(w.ends - now),
	}
}

// left is how many calls may come at once at this gateway, and how long it takes until one may come. It is never more than what
// the gateway lets through without asking. The others may have let through the rest.
func (u *usage) left(rate Rate, now int64, gateways int, alone bool) (calls, wait int64) {
	if gateways <= 1 {
		return rate.left(u.own, now)
	}
	part := rate.partOf(gateways, alone)
	if part.Burst == 0 {
		_, wait = rate.left(u.all, now)
		return 0, wait
	}
	calls, wait = part.left(u.own, now)
	if !alone && now-u.toldAt < hotFor {
		ofAll, untilAll := rate.left(u.all, now)
		calls, wait = min(calls, ofAll), max(wait, untilAll)
	}
	return calls, wait
}
