package limit

import (
	"context"
	"errors"
	"net/http"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/every"
)

const (
	// leaseTimeout is how long a request is tried before the ledger counts as unreachable. tryTimeout is for one try. It is
	// shorter, so that a replica that hangs or has just died leaves time for another.
	leaseTimeout = 3 * time.Second
	tryTimeout   = 1500 * time.Millisecond
	firstPause   = 10 * time.Millisecond
	longestPause = 200 * time.Millisecond
	// maxInFlight bounds the requests that are under way. Others wait for their turn, up to turnTimeout.
	maxInFlight = 64
	turnTimeout = 10 * time.Second
)

// errNoResponse: the ledger can be reached, and responds to others, but not to this request. It is no reason to let calls
// pass.
var errNoResponse = errors.New("the ledger has not responded in time")

// refill begins to get the share a block of units, if any remain, as share.refill says. The lane's lock is held.
func (q *Quotas) refill(s *share, now time.Time, least, enough int64) {
	s.refill(now, least, enough)
	go q.fill(s)
}

func (q *Quotas) fill(s *share) {
	q.awaitSettled()
	lease, sent, err := q.requestLease(s)
	now := q.cfg.Now()
	q.metrics.requested(err)

	s.mu.Lock()
	defer s.mu.Unlock()
	switch {
	case err == nil:
		s.receive(&lease, sent, now)
	case errors.Is(err, authclient.ErrUnavailable):
		s.pause(unreachable, now.Add(failedPause))
	default:
		s.pause(noResponse, now.Add(failedPause))
	}
	close(s.refilling)
	s.refilling = nil
}

// requestLease waits for its turn and sends a request until there is a response. sent is when the request
// that got the response was sent. Errors: authclient.ErrUnavailable if the ledger is unreachable;
// *authclient.RefusedError, errNoResponse.
//
// While the ledger is unreachable, one request at a time finds out whether it is back, with a single try. Other requests
// are not sent.
func (q *Quotas) requestLease(s *share) (lease authclient.Lease, sent time.Time, err error) {
	failed := q.failedAt.Load()
	if now := q.cfg.Now().UnixNano(); failed != 0 &&
		(now-failed < int64(failedPause) || !q.failedAt.CompareAndSwap(failed, now)) {
		return lease, sent, authclient.ErrUnavailable
	}
	switch err := q.awaitDelivery(s); {
	case errors.Is(err, errNoResponse):
		return lease, sent, q.failed(err, true)
	case err != nil:
		return lease, sent, err
	}
	turn := time.NewTimer(turnTimeout)
	defer turn.Stop()
	select {
	case q.inFlight <- struct{}{}:
		defer func() { <-q.inFlight }()
	case <-turn.C:
		return lease, sent, errNoResponse
	}
	if failed == 0 && q.failedAt.Load() != 0 { // noticed while this request waited
		return lease, sent, authclient.ErrUnavailable
	}
	ctx, cancel := context.WithTimeout(context.Background(), leaseTimeout)
	defer cancel()
	slow := false
	for pause := firstPause; ; pause = min(2*pause, longestPause) {
		sent = q.cfg.Now()
		lease, err = q.send(ctx, s, sent)
		slow = slow || errors.Is(err, authclient.ErrSlow)
		refused, isRefused := errors.AsType[*authclient.RefusedError](err)
		switch {
		case err == nil:
			q.succeeded()
			return lease, sent, nil
		case isRefused && refused.Status == http.StatusConflict: // the ledger has seen a later request: send a new one
			s.mu.Lock()
			s.pending = authclient.LeaseRequest{}
			s.mu.Unlock()
		case isRefused:
			q.cfg.Log.Error("the ledger refused a lease request", "error", err)
			return lease, sent, err
		}
		if failed != 0 || !every.Sleep(ctx, pause) {
			return lease, sent, q.failed(err, slow)
		}
	}
}

// send tries once. Because requests have numbers, it is safe to send one again, whatever became of the last try.
func (q *Quotas) send(ctx context.Context, s *share, now time.Time) (authclient.Lease, error) {
	ctx, cancel := context.WithTimeout(ctx, tryTimeout)
	defer cancel()
	return q.cfg.Ledger.Lease(ctx, q.nextRequest(s, now))
}

// nextRequest is the last request again if it got no response, or else a new one.
func (q *Quotas) nextRequest(s *share, now time.Time) authclient.LeaseRequest {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.pending.Request == 0 {
		s.pending = authclient.LeaseRequest{
			Gateway: q.cfg.Gateway, Request: q.lastNumber.Add(1), Want: s.nextWant(now), Least: s.least, Returned: s.returning,
		}
		s.name(&s.pending)
	}
	return s.pending
}

func (q *Quotas) succeeded() {
	q.respondedAt.Store(q.cfg.Now().UnixNano())
	if q.failedAt.Swap(0) != 0 {
		q.cfg.Log.Info("quotas are checked again")
	}
}

// failed returns the error of a request that got no response to any try. The ledger is not unreachable if a try got to it, or
// if other requests got a response a moment ago. A flood that makes it slow must not open the quotas.
func (q *Quotas) failed(err error, slow bool) error {
	now := q.cfg.Now().UnixNano()
	if slow && q.failedAt.Swap(0) != 0 {
		q.cfg.Log.Info("auth-service is reached again, and is slow; calls whose quota cannot be checked are refused")
	}
	if slow || now-q.respondedAt.Load() < int64(tryTimeout) || !errors.Is(err, authclient.ErrUnavailable) {
		return errNoResponse
	}
	if q.failedAt.Swap(now) == 0 {
		q.cfg.Log.Warn("quotas cannot be checked", "error", err)
	}
	return err
}
