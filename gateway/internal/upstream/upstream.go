package upstream

import (
	"context"
	"math/rand/v2"
	"net/http"
	"sync"
	"sync/atomic"
	"time"
)

// Limits of time. None of them bounds a whole body.
type Limits struct {
	Connect   time.Duration
	FirstByte time.Duration // from the request's end to the answer's first byte
	Progress  time.Duration // without a byte in either direction
}

// SetConfig describes an upstream.
type SetConfig struct {
	// Addresses are host:port; each host stands for every address that it resolves to.
	Addresses []string
	// Health is the path of the active check; empty for a TCP connect.
	Health string
	Limits Limits
	// Retries is how often a request may be sent again, where that is harmless. With 0, PUT and DELETE never are.
	Retries int
}

// Set is an upstream: all replicas behind its names.
type Set struct {
	cfg     SetConfig
	engine  *Engine
	budget  budget
	targets atomic.Pointer[[]*target]

	names   []*name // follow's own
	checker *http.Client
	ended   chan struct{} // closed by Stop

	mu      sync.Mutex // guards changes of targets
	stopped bool
}

// pick chooses the less busy of two random replicas that are well. If none is well it chooses among all: the last one
// is never given up. avoid is taken only if there is no other.
func (s *Set) pick(avoid *target) *target {
	targets := *s.targets.Load()
	switch len(targets) {
	case 0:
		return nil
	case 1:
		return targets[0]
	}
	now := s.engine.watch.Now()
	n := uint32(len(targets))
	// The second is another one than the first: of two replicas the less busy one always gets the request.
	first, second := rand.Uint32N(n), rand.Uint32N(n-1)
	if second >= first {
		second++
	}
	best := better(targets[first], targets[second], avoid, now)
	if best == nil {
		best = scan(targets, int(rand.Uint32N(n)), func(t *target) bool { return t != avoid && t.well(now) })
	}
	if best == nil {
		best = scan(targets, int(rand.Uint32N(n)), func(t *target) bool { return t != avoid })
	}
	return best
}

// better is the less busy of the two, as far as they may be taken.
func better(a, b, avoid *target, now int64) *target {
	useA, useB := a != avoid && a.well(now), b != avoid && b.well(now)
	switch {
	case useA && useB:
		if b.busy.Load() < a.busy.Load() {
			return b
		}
		return a
	case useA:
		return a
	case useB:
		return b
	}
	return nil
}

// scan is the first target from a position on that will do.
func scan(targets []*target, from int, ok func(*target) bool) *target {
	for i := range targets {
		if t := targets[(from+i)%len(targets)]; ok(t) {
			return t
		}
	}
	return nil
}

// replace makes addrs the replicas: known ones stay, new ones join and are checked until ctx ends, the others get nothing
// more and are let finish.
func (s *Set) replace(ctx context.Context, addrs []string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.stopped {
		return
	}
	known := map[string]*target{}
	for _, t := range *s.targets.Load() {
		known[t.addr] = t
	}
	next := make([]*target, 0, len(addrs))
	for _, addr := range addrs {
		t := known[addr]
		if t == nil {
			t = newTarget(s, addr)
			go t.follow(ctx)
		}
		delete(known, addr)
		next = append(next, t)
	}
	s.targets.Store(&next)
	for _, t := range known {
		t.retire()
	}
}

// Stop says that the set is of no more use to new requests. Those that have it end as they will, also where they have
// yet to choose a replica or are tried again: the replicas stay, but keep no connections. It must be called once.
func (s *Set) Stop() {
	s.engine.sets.Delete(s)
	close(s.ended)
	s.mu.Lock()
	defer s.mu.Unlock()
	s.stopped = true
	for _, t := range *s.targets.Load() {
		t.retire()
	}
}
