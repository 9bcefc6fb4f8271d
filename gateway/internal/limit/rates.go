package limit

import (
	"sync"
	"time"
)

// lanes are independent parts of a table, so that cores seldom wait for each other.
const lanes = 64

// Rates limits each user on each route. Safe for concurrent use.
type Rates struct {
	lanes [lanes]rateLane
}

// minLaneMarks is how many marks each lane holds in any case.
const minLaneMarks = 16

type rateLane struct {
	mu    sync.Mutex
	marks map[rateKey]int64
	// sweepAt is the number of marks at which the next sweep is due.
	sweepAt int
	max     int
}

type rateKey struct {
	user  int64
	route uint16
}

// NewRates returns Rates that have seen no request. They remember at most so many pairs of user and route, each in about 60
// bytes.
func NewRates(bound int) *Rates {
	r := &Rates{}
	most := max(bound/lanes, minLaneMarks)
	for i := range r.lanes {
		r.lanes[i] = rateLane{marks: map[rateKey]int64{}, sweepAt: most / 16, max: most}
	}
	return r
}

// Allow takes one request of the user on the route, which has a number and a name. Errors: *RateError.
func (r *Rates) Allow(at time.Time, userID int64, route uint16, name string, rate Rate) error {
	lane := &r.lanes[uint64(userID)%lanes]
	d := lane.decide(rateKey{userID, route}, rate, at.UnixNano())
	if d.Allowed {
		return nil
	}
	return &RateError{Route: name, Rate: rate, Wait: d.Retry}
}

func (l *rateLane) decide(key rateKey, rate Rate, now int64) Decision {
	l.mu.Lock()
	defer l.mu.Unlock()
	mark, known := l.marks[key]
	d := rate.Decide(mark, now)
	if !known && len(l.marks) >= l.sweepAt {
		l.sweep(now)
	}
	l.marks[key] = d.Mark
	return d
}

// sweep forgets marks in the past: they mean the same as no mark. If that does not make enough room, it forgets others,
// too. Their users get a new burst.
func (l *rateLane) sweep(now int64) {
	for key, mark := range l.marks {
		if mark <= now {
			delete(l.marks, key)
		}
	}
	for key := range l.marks {
		if len(l.marks) < l.max-l.max/8 {
			break
		}
		delete(l.marks, key)
	}
	l.sweepAt = min(max(2*len(l.marks), l.max/16), l.max)
}
