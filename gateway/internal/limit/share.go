package limit

import (
	"math"
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
)

// share is what this gateway holds of a quota in one period, in units.
type share struct {
	scope
	mu *sync.Mutex // the lane's

	quota     int64 // as of the last call
	remaining int64 // units that calls may cost
	// returning are units that the ledger has reserved for the share and that it does not use. The next lease request gives
	// them back.
	returning int64
	// usableUntil ends the use of what remains. The ledger keeps it reserved until heldUntil. A new grant in between makes
	// it usable again.
	usableUntil, heldUntil time.Time

	refilling chan struct{} // closed when the refill under way has ended; nil if there is none
	// least is what the call needs that the next refill is for.
	least int64
	// pending is a request without a response, which will be sent again as it was. Its Request is 0 if there is none.
	pending authclient.LeaseRequest
	// void says that the share has started over since the request without a response was made. What it grants is given back.
	void bool
	// deliverBy is the moment up to which counts have to be delivered before a lease may be requested.
	deliverBy time.Time

	granted     int64     // by the last response
	requestedAt time.Time // when its request was sent
	grantedAt   time.Time
	// left are units that, by the last response, nobody had used or reserved, and what the share has given back since.
	left int64
	// returnBy is when units come back that other gateways hold and do not use, as of the last response; zero if there are
	// none.
	returnBy   time.Time
	want       int64
	usedAt     time.Time
	admittedAt time.Time // the last call that used up something of what remained

	// Until pausedUntil calls get the same outcome as the last one, and no lease is requested. A denial does not concern calls
	// that need less than deniedLeast.
	paused      outcome
	pausedUntil time.Time
	deniedLeast int64

	said      int64 // the last standing, until saidUntil
	saidUntil time.Time
}

const (
	minWant, maxWant = 8, 1000
	// A block that lasts for less than shortLived is too small. One that lasts longer than longLived is too large.
	shortLived, longLived = 2 * time.Second, 20 * time.Second
	// Without deniedPause and failedPause, each of a user's calls would send a lease request.
	deniedPause = time.Second
	failedPause = time.Second
	// aheadFrom is the smallest block that is renewed ahead: the next one is requested before it is used up.
	aheadFrom = 4
	// returnAll is more than is ever held.
	returnAll = 1 << 53
)

// outcome is the result of a call for a share. If the shares of a call have several, the greatest one counts.
type outcome int

const (
	admitted    outcome = iota
	unreachable         // the ledger cannot be reached
	wait                // for the refill under way, or one that has to begin
	noResponse          // the ledger can be reached and does not say what remains
	denied              // less remains than the call needs
)

// verdict is what becomes of a call. If it has to wait, the next refill is of use if it brings least, and what remains is of use if
// it is enough.
type verdict struct {
	outcome       outcome
	least, enough int64
}

// judge decides about a call.
//
// Of a call whose cost is not known one unit has to remain. Near the end of a quota a gateway cannot tell: others may have passed it.
// So if the call is likely to cost more than what remains, the ledger is asked first. s.mu is held.
func (s *share) judge(c *Claim, now time.Time) verdict {
	if c.Cost > 0 {
		return verdict{s.outcome(now, c.Cost), c.Cost, c.Cost}
	}
	careful := c.Likely > 1 && s.left < maxWant+8*c.Likely
	if !careful || !s.requestedAt.Before(c.askedAt) {
		return verdict{s.outcome(now, 1), 1, 1}
	}
	if o := s.outcome(now, c.Likely); o != denied {
		return verdict{o, c.Likely, c.Likely}
	}
	if s.outcome(now, 1) == denied {
		return verdict{denied, 1, 1}
	}
	return verdict{wait, 1, c.Likely}
}

// outcome says what becomes of a call that needs so much. s.mu is held.
func (s *share) outcome(now time.Time, least int64) outcome {
	switch {
	case s.remaining >= least && now.Before(s.usableUntil):
		return admitted
	case now.Before(s.pausedUntil) && (s.paused != denied || least >= s.deniedLeast):
		return s.paused
	}
	return wait
}

// spend takes the cost of an admitted call. ahead says that the next lease has to be requested before this one is used up.
// s.mu is held.
func (s *share) spend(now time.Time, cost int64) (ahead bool) {
	s.remaining -= cost
	s.admittedAt = now
	return s.refilling == nil && !now.Before(s.pausedUntil) && s.granted >= aheadFrom && s.remaining < s.granted/2
}

// announced takes what a call has cost that is over. If less remains, the ledger takes the difference from what is reserved
// later, so it has to have all counts before more is reserved. s.mu is held.
func (s *share) announced(now time.Time, cost int64) (covered bool) {
	s.usedAt, s.admittedAt = now, now
	if cost > s.remaining || !now.Before(s.heldUntil) {
		s.left -= cost
		s.startOver(now, now)
		return false
	}
	s.remaining -= cost
	return true
}

// setQuota takes over the quota. If it is smaller than before, the share gives back what it holds: only the ledger knows what
// remains of the smaller one. s.mu is held.
func (s *share) setQuota(now time.Time, quota int64) {
	switch {
	case quota == s.quota:
		return
	case quota < s.quota && s.requests():
		s.startOver(now, now)
	case quota < s.quota:
		s.giveBack()
	case s.paused == denied:
		s.pausedUntil = time.Time{}
	}
	s.quota, s.saidUntil = quota, time.Time{}
}

// requests reports whether a request has been made, or is about to be, and has no response. s.mu is held.
func (s *share) requests() bool { return s.refilling != nil || s.pending.Request != 0 }

// giveBack gives back what remains, by the next request. s.mu is held.
func (s *share) giveBack() {
	s.returning, s.left, s.remaining = s.returning+s.remaining, s.left+s.remaining, 0
}

// startOver gives back all that is reserved, however much it is. What has been counted up to now, and up to by, has to be
// delivered before: it changes how much that is. s.mu is held.
func (s *share) startOver(now, by time.Time) {
	s.giveBack()
	s.returning, s.void = returnAll, s.requests()
	s.deliverBy = latest(s.deliverBy, now.Add(beginSlack), by)
}

// refill begins a refill, which is of use to a call if it brings least. The share gives back what remains if that is not enough for
// the call: other gateways may need it. s.mu is held.
func (s *share) refill(now time.Time, least, enough int64) {
	s.least = 0
	if s.remaining < enough {
		s.least = least
		if s.remaining > 0 && s.pending.Request != 0 {
			s.startOver(now, now)
		}
		s.giveBack()
	}
	s.refilling = make(chan struct{})
}

// pause gives calls the same outcome for a while. s.mu is held.
func (s *share) pause(o outcome, until time.Time) { s.paused, s.pausedUntil = o, until }

// nextWant doubles the block if the last one was used up quickly, and halves it if it lasted long. s.mu is held.
func (s *share) nextWant(now time.Time) int64 {
	switch lasted := now.Sub(s.grantedAt); {
	case s.want == 0:
		s.want = minWant
	case lasted < shortLived:
		s.want = min(2*s.want, maxWant)
	case lasted > longLived:
		s.want = max(s.want/2, minWant)
	}
	return max(s.want, s.least)
}

// receive takes over the response to the request that was sent at this time. s.mu is held.
func (s *share) receive(l *authclient.Lease, sent, now time.Time) {
	asked := s.pending
	s.pending = authclient.LeaseRequest{}
	if s.void {
		s.void = false
		return
	}
	useWithin := time.Duration(l.UseWithin)
	// The ledger has renewed what was held before, unless its reservation had ended. That is later for the ledger than for
	// us, because its time began later.
	if !now.Before(s.heldUntil) {
		s.remaining = 0
	}
	s.remaining += l.Granted
	s.returning, s.left = 0, l.Remaining
	s.granted, s.requestedAt, s.grantedAt = l.Granted, sent, now
	s.usableUntil, s.heldUntil = sent.Add(useWithin), sent.Add(2*useWithin)
	s.returnBy = time.Time{}
	if l.ReservedElsewhere > 0 {
		s.returnBy = now.Add(2 * useWithin)
	}
	switch {
	case l.Granted > 0:
	case l.Limit != nil && *l.Limit < s.quota && s.remaining > 0:
		s.giveBack() // the ledger knows of a smaller quota before we do: what remains may be of the larger one
	default:
		s.pause(denied, now.Add(deniedPause))
		s.deniedLeast = max(asked.Least, 1)
	}
}

// deliverFirst is the moment up to which counts have to be delivered before a lease may be requested: that of the last
// call let through that no reservation covers. s.mu is held.
func (s *share) deliverFirst(now, unleased time.Time, certain bool) time.Time {
	until := s.deliverBy
	lapsed := !now.Before(s.heldUntil) // also true if nothing was ever held
	if lapsed && !s.admittedAt.IsZero() {
		until = latest(until, s.admittedAt.Add(beginSlack))
	}
	if lapsed || certain {
		until = latest(until, unleased)
	}
	return until
}

func latest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}

// over reports whether the share may be forgotten. Counts from before delivered are in the ledger. s.mu is held.
func (s *share) over(now, delivered time.Time, idle time.Duration) bool {
	return s.refilling == nil && now.After(s.heldUntil) && now.Sub(s.usedAt) > idle && s.admittedAt.Before(delivered) &&
		s.deliverBy.Before(delivered)
}

// standing is what the quota leaves, as far as it is known: what this gateway holds, and what nobody does. What others hold
// does not count, unless it comes back. So it never promises too much. s.mu is held.
func (s *share) standing(now time.Time) (one Standing, known bool) {
	if s.grantedAt.IsZero() {
		return one, false
	}
	if !now.Before(s.saidUntil) {
		s.said, s.saidUntil = math.MaxInt64, s.ends()
	}
	s.said = min(s.said, max(s.remaining+s.left, 0))
	if s.said == 0 && s.returnBy.After(now) {
		s.saidUntil = s.returnBy
	}
	return Standing{
		Name: s.kind.String(), Quota: s.quota, Window: time.Duration(s.end-s.start) * time.Second, Remaining: s.said, Reset: s.saidUntil.Sub(now),
	}, true
}
