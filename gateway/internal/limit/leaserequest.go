package limit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tallygate/gateway/internal/authclient"
)

const (
	// leaseTimeout is how long a question goes without an answer before the ledger counts as away, and tryTimeout how
	// long one try of it does: a replica that hangs or has just died leaves time for another.
	leaseTimeout = 3 * time.Second
	tryTimeout   = 1500 * time.Millisecond
	firstPause   = 10 * time.Millisecond
	longestPause = 200 * time.Millisecond
	// maxAsking questions are under way at most; the others wait for their turn, up to turnTimeout.
	maxAsking   = 64
	turnTimeout = 10 * time.Second
	settleWait  = 3 * time.Second
	// offeredStale is how long nothing has been delivered when nobody waits for it any longer: the ledger is away.
	offeredStale = 3 * time.Second
	offeredPoll  = 20 * time.Millisecond
)

// errUnanswered means that the ledger is there, and answers others, but not this question: no reason to let calls pass.
var errUnanswered = errors.New("the ledger has not answered in time")

// ask gets the share a block of calls, if any remain.
func (q *Quotas) ask(s *share) {
	q.settle()
	lease, sent, err := q.lease(s)
	now := q.cfg.Now()
	q.metrics.asked(err)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.receive(&lease, sent, now)
	case errors.Is(err, authclient.ErrUnavailable):
		s.pause(unreachable, now.Add(failedPause))
	default:
		s.pause(unanswered, now.Add(failedPause))
	}
	close(s.asking)
	s.asking = nil
}

// lease waits for its turn and asks until there is an answer, which is to a question that was sent at a moment. Errors:
// authclient.ErrUnavailable if the ledger is away; *authclient.RefusedError, errUnanswered. Once the ledger is away, one
// question at a time tries whether it is back, once; the others are not asked meanwhile.
func (q *Quotas) lease(s *share) (lease authclient.Lease, sent time.Time, err error) {
	failed := q.failedAt.Load()
	if now := q.cfg.Now().UnixNano(); failed != 0 &&
		(now-failed < int64(failedPause) || !q.failedAt.CompareAndSwap(failed, now)) {
		return lease, sent, authclient.ErrUnavailable
	}
	if !q.counted(s) {
		return lease, sent, authclient.ErrUnavailable
	}
	turn := time.NewTimer(turnTimeout)
	defer turn.Stop()
	select {
	case q.asking <- struct{}{}:
		defer func() { <-q.asking }()
	case <-turn.C:
		return lease, sent, errUnanswered
	}
	if failed == 0 && q.failedAt.Load() != 0 { // noticed while this one waited
		return lease, sent, authclient.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		sent = q.cfg.Now()
		lease, err = q.try(ctx, s, sent)
		refused, isRefused := errors.AsType[*authclient.RefusedError](err)
		switch {
		case err == nil:
			q.answered()
			return lease, sent, nil
		case isRefused && refused.Status == http.StatusConflict: // it was answered long ago: ask anew
			s.mu.Lock()
			s.pending = authclient.LeaseRequest{}
			s.mu.Unlock()
		case isRefused:
			q.cfg.Log.Error("the ledger refuses to say what remains of a monthly quota", "error", err)
			return lease, sent, err
		}
		if failed != 0 || !sleep(ctx, pause) {
			return lease, sent, q.unansweredBy(err)
		}
	}
}

// try asks once. The number makes it safe to ask again, whatever became of this time.
func (q *Quotas) try(ctx context.Context, s *share, now time.Time) (authclient.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return q.cfg.Lessor.Lease(ctx, q.question(s, now))
}

func (q *Quotas) answered() {
	q.answeredAt.Store(q.cfg.Now().UnixNano())
	if q.failedAt.Swap(0) != 0 {
		q.cfg.Log.Info("monthly quotas are checked again")
	}
}

// unansweredBy decides what it means that no try of a question was answered: if others were a moment ago, the ledger is
// not away.
func (q *Quotas) unansweredBy(err error) error {
	now := q.cfg.Now().UnixNano()
	if now-q.answeredAt.Load() < int64(tryTimeout) || !errors.Is(err, authclient.ErrUnavailable) {
		return errUnanswered
	}
	if q.failedAt.Swap(now) == 0 {
		q.cfg.Log.Warn("monthly quotas cannot be checked", "error", err)
	}
	return err
}

// sleep reports whether the time has passed; if not, ctx has ended.
func sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}

// question is the one to ask now: a new one, or the last one again if it has no answer yet.
func (q *Quotas) question(s *share, now time.Time) authclient.LeaseRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending.Request == 0 {
		s.pending = authclient.LeaseRequest{
			Gateway: q.cfg.Gateway, UserID: s.key.user, Month: s.key.month.String(),
			Request: q.numbers.Add(1), Want: s.nextWant(now), Returned: s.back,
		}
		s.back = 0
	}
	return s.pending
}

// counted waits until the ledger has the user's calls that were let through without a reservation: it takes every call
// from what is reserved, and would let others have what these use up. It reports false if the ledger is away.
func (q *Quotas) counted(s *share) bool {
	if q.cfg.Tally == nil {
		return true
	}
	unleased, certain := q.bare.last(s.key.user)
	s.mu.Lock()
	until := s.uncounted(q.cfg.Now(), unleased, certain)
	s.mu.Unlock()
	for {
		offered := q.cfg.Tally.OfferedUpTo()
		switch {
		case offered.After(until):
			return true
		case q.cfg.Now().Sub(offered) > offeredStale:
			q.cfg.Tally.Hurry() // whether the ledger is back shows there
			return false
		}
		q.cfg.Tally.Hurry()
		time.Sleep(offeredPoll)
	}
}

// settle waits, at the gateway's start, until the calls that dead gateways let through are in the ledger's sums.
func (q *Quotas) settle() {
	if q.cfg.Settled == nil {
		return
	}
	timer := time.NewTimer(q.started.Add(settleWait).Sub(q.cfg.Now()))
	defer timer.Stop()
	select {
	case <-q.cfg.Settled:
	case <-timer.C:
	}
}
