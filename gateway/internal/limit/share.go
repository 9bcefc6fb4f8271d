package limit

import (
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
)

// share is what this gateway holds of one user's quota of one month.
type share struct {
	key shareKey

	mu        sync.Mutex
	quota     int64 // the user's, as of the last call
	remaining int64 // calls that may be let through
	// returning are calls that the share lost when the quota was lowered. The next lease request gives them back.
	returning int64
	// usableUntil ends the use of what remains. The ledger keeps it reserved until heldUntil. A new grant in between makes
	// it usable again.
	usableUntil, heldUntil time.Time

	// lowered says that the quota has become smaller since the request without a response was first sent.
	lowered   bool
	refilling chan struct{} // closed when the refill under way has ended; nil if there is none
	// pending is a request without a response, which will be sent again as it was. Its Request is 0 if there is none.
	pending authclient.LeaseRequest

	granted     int64     // by the last response
	requestedAt time.Time // when its request was sent
	grantedAt   time.Time
	// returnBy is when calls come back that other gateways hold and do not use, as of the last response; zero if there are
	// none.
	returnBy   time.Time
	want       int64
	usedAt     time.Time
	admittedAt time.Time // the last call that used up something of what remained

	// Until pausedUntil calls get the same outcome as the last one, and no lease is requested.
	paused      outcome
	pausedUntil time.Time
}

type shareKey struct {
	user  int64
	month month
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
)

// outcome is the result of a call for its share.
type outcome int

const (
	admitted    outcome = iota
	denied              // nothing remains
	unreachable         // the ledger cannot be reached
	noResponse          // the ledger can be reached and does not say what remains
	wait                // for the refill under way
)

// take decides about one call of a user with this quota, whose last call without a reservation was let through at
// unleased. refill says that a lease has to be requested, for this call or for the next ones. s.mu is held.
func (s *share) take(now time.Time, quota int64, unleased time.Time) (o outcome, refill bool) {
	s.usedAt = now
	s.setQuota(quota)
	if unleased.After(s.requestedAt) {
		s.remaining = 0 // the ledger will take it for the calls without a reservation
	}
	pausing := now.Before(s.pausedUntil)
	quiet := s.refilling == nil && !pausing
	switch {
	case s.remaining > 0 && now.Before(s.usableUntil):
		s.remaining--
		s.admittedAt = now
		return admitted, quiet && s.granted >= aheadFrom && s.remaining < s.granted/2
	case pausing:
		return s.paused, false
	}
	return wait, quiet
}

// setQuota takes over the user's quota. If it is smaller than before, the share gives back what it holds: only the ledger
// knows what remains of the smaller one. s.mu is held.
func (s *share) setQuota(quota int64) {
	switch {
	case quota < s.quota:
		s.giveBack()
		s.lowered = s.refilling != nil || s.pending.Request != 0
	case quota > s.quota && s.paused == denied:
		s.pausedUntil = time.Time{}
	}
	s.quota = quota
}

func (s *share) giveBack() { s.returning, s.remaining = s.returning+s.remaining, 0 }

// pause gives all calls the same outcome for a while. s.mu is held.
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
	return s.want
}

// receive takes over the response to the request that was sent at this time. s.mu is held.
func (s *share) receive(l *authclient.Lease, sent, now time.Time) {
	useWithin := time.Duration(l.UseWithin)
	// The ledger has renewed what was held before, unless its reservation had ended. That is later for the ledger than for
	// us, because its time began later.
	if !now.Before(s.heldUntil) {
		s.remaining = 0
	}
	s.remaining += l.Granted
	s.pending = authclient.LeaseRequest{}
	s.granted, s.requestedAt, s.grantedAt = l.Granted, sent, now
	s.usableUntil, s.heldUntil = sent.Add(useWithin), sent.Add(2*useWithin)
	s.returnBy = time.Time{}
	if l.ReservedElsewhere > 0 {
		s.returnBy = now.Add(2 * useWithin)
	}
	// The ledger may know of a smaller quota before we do. If it grants nothing, what remains may be of the larger one.
	ahead := l.Granted == 0 && l.Limit != nil && *l.Limit < s.quota && s.remaining > 0
	switch {
	case s.lowered || ahead:
		s.giveBack()
	case l.Granted == 0:
		s.pause(denied, now.Add(deniedPause))
	}
	s.lowered = false
}

// deliverFirst is the moment up to which counts have to be delivered before a lease may be requested: that of the last
// call let through that no reservation covers. s.mu is held.
func (s *share) deliverFirst(now, unleased time.Time, certain bool) time.Time {
	var until time.Time
	lapsed := !now.Before(s.heldUntil) // also true if nothing was ever held
	if lapsed && !s.admittedAt.IsZero() {
		until = s.admittedAt.Add(beginSlack)
	}
	if (lapsed || certain) && unleased.After(until) {
		until = unleased
	}
	return until
}

// over reports whether the share may be forgotten. Counts from before delivered are in the ledger. s.mu is held.
func (s *share) over(now, delivered time.Time, idle time.Duration) bool {
	return s.refilling == nil && now.After(s.heldUntil) && now.Sub(s.usedAt) > idle && s.admittedAt.Before(delivered)
}
