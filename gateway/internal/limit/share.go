package limit

import (
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
)

// share is what this gateway holds of one user's quota of one month.
type share struct {
	key shareKey

	mu    sync.Mutex
	limit int64 // the user's quota, as the last call had it
	left  int64 // calls that may be let through
	// back is what left lost when the quota fell. The next question gives it back.
	back int64
	// usableUntil ends the use of what is left; the ledger keeps it reserved until heldUntil. A new grant in between
	// makes it usable again.
	usableUntil, heldUntil time.Time

	// fell says that the quota has become smaller since the question without an answer was first sent.
	fell   bool
	asking chan struct{} // closed when the question under way has ended; nil if there is none
	// pending is a question without an answer, which is asked again as it was; its Request is 0 if there is none.
	pending authclient.LeaseRequest

	granted   int64     // by the last answer
	askedAt   time.Time // when its question was sent
	grantedAt time.Time
	// backBy is when calls come back that others hold and may not use, as of the last answer; zero if there are none.
	backBy     time.Time
	want       int64
	usedAt     time.Time
	admittedAt time.Time // the last call that used up something of left

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

// take judges one call of a user whose quota is limit, and whose calls were let through without a reservation until
// unleased. askNow says that the ledger has to be asked, for this call or for the next ones. s.mu is held.
func (s *share) take(now time.Time, limit int64, unleased time.Time) (o outcome, askNow bool) {
	s.usedAt = now
	s.follow(limit)
	if unleased.After(s.askedAt) {
		s.left = 0 // it will be taken for the calls without one
	}
	pausing := now.Before(s.pausedUntil)
	quiet := s.asking == nil && !pausing
	switch {
	case s.left > 0 && now.Before(s.usableUntil):
		s.left--
		s.admittedAt = now
		return admitted, quiet && s.granted >= aheadFrom && s.left < s.granted/2
	case pausing:
		return s.paused, false
	}
	return wait, quiet
}

// follow takes over the user's quota. What is held of a larger one goes back: the ledger has to say what remains of the
// smaller one. s.mu is held.
func (s *share) follow(limit int64) {
	switch {
	case limit < s.limit:
		s.giveBack()
		s.fell = s.asking != nil || s.pending.Request != 0
	case limit > s.limit && s.paused == denied:
		s.pausedUntil = time.Time{}
	}
	s.limit = limit
}

func (s *share) giveBack() { s.back, s.left = s.back+s.left, 0 }

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

// receive takes over an answer to a question that was sent at a moment. s.mu is held.
func (s *share) receive(l *authclient.Lease, sent, now time.Time) {
	useWithin := time.Duration(l.UseWithin)
	// The ledger renewed what was held before, if it still was: it counts from when it heard us, which was later.
	if !now.Before(s.heldUntil) {
		s.left = 0
	}
	s.left += l.Granted
	s.pending = authclient.LeaseRequest{}
	s.granted, s.askedAt, s.grantedAt = l.Granted, sent, now
	s.usableUntil, s.heldUntil = sent.Add(useWithin), sent.Add(2*useWithin)
	s.backBy = time.Time{}
	if l.ReservedElsewhere > 0 {
		s.backBy = now.Add(2 * useWithin)
	}
	// The ledger may know of a smaller quota before we do: with nothing granted, what is left may be of the larger one.
	ahead := l.Granted == 0 && l.Limit != nil && *l.Limit < s.limit && s.left > 0
	switch {
	case s.fell || ahead:
		s.giveBack()
	case l.Granted == 0:
		s.pause(denied, now.Add(deniedPause))
	}
	s.fell = false
}

// uncounted is the moment up to which the ledger has to have what was counted before it may be asked: the calls that
// were let through with no reservation to take them from. s.mu is held.
func (s *share) uncounted(now, unleased time.Time, certain bool) time.Time {
	var until time.Time
	lapsed := !now.Before(s.heldUntil) // also if nothing was ever held
	if lapsed && !s.admittedAt.IsZero() {
		until = s.admittedAt.Add(beginSlack)
	}
	if (lapsed || certain) && unleased.After(until) {
		until = unleased
	}
	return until
}

// over reports whether nothing is lost by forgetting the share. What was counted is in the ledger up to delivered. s.mu
// is held.
func (s *share) over(now, delivered time.Time, idle time.Duration) bool {
	return s.asking == nil && now.After(s.heldUntil) && now.Sub(s.usedAt) > idle && s.admittedAt.Before(delivered)
}
