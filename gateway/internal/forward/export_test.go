package forward

import (
	"context"

	"tallygate/gateway/internal/wire"
)

// Budget is budget, for its tests.
type Budget = budget

// Allow is allow.
func (b *Budget) Allow(total uint64) bool { return b.allow(total) }

// RetryBurst is retryBurst.
const RetryBurst = retryBurst

// Replicas are the addresses of the set's replicas now, and whether each is well.
func (s *Set) Replicas() map[string]bool {
	all := map[string]bool{}
	for _, t := range *s.targets.Load() {
		all[t.addr] = t.well(s.engine.watch.Now())
	}
	return all
}

// Picked is the address that a request would go to, "" without any.
func (s *Set) Picked() string {
	if t := s.pick(nil); t != nil {
		return t.addr
	}
	return ""
}

// GoesElsewhere reports whether a request that no byte of was sent to the replica tried may be sent to another, if the
// set's name has come to stand for left while it was tried.
func (s *Set) GoesElsewhere(tried string, left ...string) bool {
	t := scan(*s.targets.Load(), 0, func(t *target) bool { return t.addr == tried })
	s.replace(left)
	return s.mayRetry(0, elsewhere, t)
}

// StopsWhatWaits opens a connection to a replica, on which an answer is waited for, has the active check find the
// replica sick, by an answer that it is not ready or by none, and reports whether the connection was stopped.
func (s *Set) StopsWhatWaits(addr string, answers bool) (bool, error) {
	t := scan(*s.targets.Load(), 0, func(t *target) bool { return t.addr == addr })
	l, err := t.dial()
	if err != nil {
		return false, err
	}
	defer t.close(l)
	verdict := context.DeadlineExceeded
	if answers {
		verdict = errNotReady
	}
	t.judge(verdict)
	return l.Stopped() == wire.Ejected, nil
}
