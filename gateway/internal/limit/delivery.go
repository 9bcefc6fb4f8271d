package limit

import "time"

const (
	settleTimeout = 3 * time.Second
	// unreachableAfter is the time without a delivery after which the ledger counts as unreachable.
	unreachableAfter = 3 * time.Second
	deliveryPoll     = 20 * time.Millisecond
)

// awaitDelivery waits until the ledger has the user's calls that were let through without a reservation. When they are
// delivered, the ledger takes them from what is reserved. A reservation made before that would shrink unnoticed, and the
// quota would be overrun. It reports false if the ledger is unreachable.
func (q *Quotas) awaitDelivery(s *share) bool {
	if q.cfg.Meter == nil {
		return true
	}
	unleased, certain := q.unleased.last(s.key.user)
	s.mu.Lock()
	until := s.deliverFirst(q.cfg.Now(), unleased, certain)
	s.mu.Unlock()
	for {
		offered := q.cfg.Meter.OfferedUpTo()
		switch {
		case offered.After(until):
			return true
		case q.cfg.Now().Sub(offered) > unreachableAfter:
			q.cfg.Meter.Hurry() // the delivery finds out whether the ledger is back
			return false
		}
		q.cfg.Meter.Hurry()
		time.Sleep(deliveryPoll)
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
