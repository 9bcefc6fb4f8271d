package upstream

import (
	"context"
	"runtime"

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
	t := s.at(tried)
	s.replace(context.Background(), left)
	return (&tries{set: s}).another(unsent, t)
}

// at is the replica with this address; nil if there is none.
func (s *Set) at(addr string) *target {
	return scan(*s.targets.Load(), 0, func(t *target) bool { return t.addr == addr })
}

// Occupy says that a replica has so many requests.
func (s *Set) Occupy(addr string, requests int64) { s.at(addr).busy.Store(requests) }

// Fail notes that a replica took no connection, and Succeed that it answered.
func (s *Set) Fail(addr string) { s.at(addr).failed(true) }

// Succeed is explained at Fail.
func (s *Set) Succeed(addr string) { s.at(addr).succeeded() }

// Offers is to how many replicas a request is offered if none takes it.
func (s *Set) Offers() int {
	r := tries{set: s}
	for n := 1; ; n++ {
		t := s.pick(r.avoid)
		t.failed(true)
		if !r.another(unsent, t) {
			return n
		}
	}
}

// Wait opens a connection to a replica, on which an answer is waited for. It is stopped when stopped says so.
func (s *Set) Wait(addr string) (stopped func() bool, err error) {
	l, err := s.at(addr).dial()
	if err != nil {
		return nil, err
	}
	return func() bool { return l.Stopped() == wire.Ejected }, nil
}

// FindsSick has the active check find a replica sick, by an answer that it is not ready or by none.
func (s *Set) FindsSick(addr string, answers bool) {
	if answers {
		s.at(addr).judge(errNotReady)
	} else {
		s.at(addr).judge(context.DeadlineExceeded)
	}
}

// KeepsStopped has a replica given up while a connection to it is put back, and reports whether the connection is kept.
func (s *Set) KeepsStopped(addr string) (bool, error) {
	t := s.at(addr)
	l, err := t.dial()
	if err != nil {
		return false, err
	}
	put := make(chan struct{})
	t.mu.Lock()
	go func() {
		defer close(put)
		t.put(l, 0)
	}()
	for range 1000 {
		runtime.Gosched() // put gets as far as it can
	}
	l.Stop(wire.Ejected) // as giveUp does
	t.mu.Unlock()
	<-put
	kept := t.pop(0)
	if kept != nil {
		t.close(kept)
	}
	return kept != nil, nil
}
