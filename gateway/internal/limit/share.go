package limit

import (
	"sync"
	"time"

	"tallygate/gateway/internal/authority"
)

// share is what this gateway holds of one user's quota of one month.
type share struct {
	key shareKey

	mu   sync.Mutex
	left int64 // calls that may be let through
	// usableUntil ends the use of what is left; the ledger keeps it reserved until heldUntil. A new grant in between
	// makes it usable again.
	usableUntil, heldUntil time.Time

	asking chan struct{} // closed when the question under way has ended; nil if there is none
	// pending is a question without an answer, which is asked again as it was; its Request is 0 if there is none.
	pending authority.LeaseRequest

	granted   int64 // by the last answer
	grantedAt time.Time
	want      int64
	usedAt    time.Time

	// Until a moment calls are told the same as the last one, and the ledger is not asked.
	paused      outcome
	pausedUntil time.Time
}

type shareKey struct {
	user  int64
	month month
}

const (
	minWant, maxWant = 8, 1000
	// shortLived is for blocks that are too small, longLived for those that are larger than they need be.
	shortLived, longLived = 2 * time.Second, 20 * time.Second
	// deniedPause and failedPause keep a user's calls from asking one by one.
	deniedPause = time.Second
	failedPause = time.Second
	// aheadFrom is the least block that is worth asking for while another is still in use.
	aheadFrom = 4
)

// outcome is what a share says of a call.
type outcome int

const (
	admitted    outcome = iota
	denied              // nothing remains
	unreachable         // the ledger is away
	unanswered          // the ledger is there and does not say what remains
	wait
)

// take judges one call. askNow says that the ledger has to be asked, for this call or for the next ones. s.mu is held.
func (s *share) take(now time.Time) (o outcome, askNow bool) {
	s.usedAt = now
	pausing := now.Before(s.pausedUntil)
	quiet := s.asking == nil && !pausing
	switch {
	case s.left > 0 && now.Before(s.usableUntil):
		s.left--
		return admitted, quiet && s.granted >= aheadFrom && s.left < s.granted/2
	case pausing:
		return s.paused, false
	}
	return wait, quiet
}

// pause has calls told the same for a while. s.mu is held.
func (s *share) pause(o outcome, until time.Time) { s.paused, s.pausedUntil = o, until }

// nextWant doubles the block for those who use theirs up at once, and halves it for those who do not. s.mu is held.
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

// receive takes over an answer to a question that was sent at a moment and is usable within a time from then. s.mu is
// held.
func (s *share) receive(granted int64, sent, now time.Time, useWithin time.Duration) {
	// The ledger renewed what was held before, if it still was: it counts from when it heard us, which was later.
	if !now.Before(s.heldUntil) {
		s.left = 0
	}
	s.left += granted
	s.pending = authority.LeaseRequest{}
	s.granted, s.grantedAt = granted, now
	s.usableUntil, s.heldUntil = sent.Add(useWithin), sent.Add(2*useWithin)
	if granted == 0 {
		s.pause(denied, now.Add(deniedPause))
	}
}

// over reports whether nothing is lost by forgetting the share. s.mu is held.
func (s *share) over(now time.Time, idle time.Duration) bool {
	return s.asking == nil && now.After(s.heldUntil) && now.Sub(s.usedAt) > idle
}
