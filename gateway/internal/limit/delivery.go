package limit

import (
	"context"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/every"
)

const (
	settleTimeout = 3 * time.Second
	// unreachableAfter is the time without a delivery after which nobody waits for one any more.
	unreachableAfter = 3 * time.Second
	deliveryPoll     = 20 * time.Millisecond
	// coverTimeout is how long a response waits for the delivery of a cost that the gateway did not hold.
	coverTimeout = time.Second
)

// awaitDelivery waits until the ledger has the user's calls that were let through without a reservation. When they are
// delivered, the ledger takes them from what is reserved. A reservation made before that would shrink unnoticed, and the
// quota would be overrun. Errors: authclient.ErrUnavailable if the ledger is unreachable; errNoResponse if it is slow.
func (q *Quotas) awaitDelivery(s *share) error {
	if q.cfg.Meter == nil {
		return nil
	}
	unleased, certain := q.unleased.last(s.subject)
	s.mu.Lock()
	until := s.deliverFirst(q.cfg.Now(), unleased, certain)
	s.mu.Unlock()
	for {
		offered := q.cfg.Meter.OfferedUpTo()
		switch {
		case offered.After(until):
			return nil
		case q.cfg.Now().Sub(offered) > unreachableAfter:
			q.cfg.Meter.Hurry() // the delivery finds out whether the ledger is back
			if !q.cfg.Meter.Unreachable() {
				return errNoResponse
			}
			return authclient.ErrUnavailable
		}
		q.cfg.Meter.Hurry()
		time.Sleep(deliveryPoll)
	}
}

// AwaitDelivery waits until the ledger has what was counted up to now, for coverTimeout at most, and not for one that is unreachable.
func (q *Quotas) AwaitDelivery(ctx context.Context) {
	if q.cfg.Meter == nil {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, coverTimeout)
	defer cancel()
	for now := q.cfg.Now(); !q.cfg.Meter.OfferedUpTo().After(now); {
		q.cfg.Meter.Hurry()
		if q.cfg.Meter.Unreachable() || !every.Sleep(ctx, deliveryPoll) {
			return
		}
	}
}

// awaitSettled waits, when the gateway has just started, until the ledger has the calls that dead gateways let through.
func (q *Quotas) awaitSettled() {
	if q.cfg.Settled == nil {
		return
	}
	timer := time.NewTimer(q.started.Add(settleTimeout).Sub(q.cfg.Now()))
	defer timer.Stop()
	select {
	case <-q.cfg.Settled:
	case <-timer.C:
	}
}
