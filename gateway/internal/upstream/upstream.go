package upstream

import (
	"context"
	"crypto/tls"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"time"
)

// Timeouts of a request. None of them bounds a whole body.
type Timeouts struct {
	Connect   time.Duration
	FirstByte time.Duration // from the request's end to the response's first byte
	Progress  time.Duration // without a byte in either direction
}

// Spec describes an upstream.
type Spec struct {
	// Addresses are host:port, or paths of Unix sockets after "unix:". Each host stands for every address that it resolves to.
	Addresses []string
	// NamesDiffer: two names at one address are two replicas.
	NamesDiffer bool
	// HTTP2: the replicas speak HTTP/2 without TLS.
	HTTP2 bool
	TLS   TLS
	// Health is the path of the active check; empty for one that only connects.
	Health   string
	Check    Check
	Timeouts Timeouts
	// Retries is how often a request may be sent again, where that is harmless. With 0, PUT and DELETE never are.
	Retries int
}

// Upstream is a named group of replicas: all addresses behind its names. Its methods may be called by many goroutines.
type Upstream struct {
	spec     Spec
	registry *Registry
	tls      func() *tls.Config // nil for plain connections
	budget   budget
	replicas atomic.Pointer[[]*Replica]
	nowhere  atomic.Pointer[[]ReplicaState] // names that have no address, for State

	routes  atomic.Pointer[[]string] // for the log
	doubted atomic.Bool              // the log has said that the check may be wrong

	names []*name       // for keepResolving only
	ended chan struct{} // closed by Stop

	mu      sync.Mutex // guards changes of replicas
	stopped bool
}

// Host is the name of the first address, as a Host field.
func (u *Upstream) Host() string { return u.names[0].host }

// Timeouts are those of the Spec.
func (u *Upstream) Timeouts() *Timeouts { return &u.spec.Timeouts }

// HTTP2 reports whether the replicas speak HTTP/2.
func (u *Upstream) HTTP2() bool { return u.spec.HTTP2 }

// Retries is how often a request may be sent again.
func (u *Upstream) Retries() int { return u.spec.Retries }

// Len is the number of replicas.
func (u *Upstream) Len() int { return len(*u.replicas.Load()) }

// Pick chooses the less busy of two random replicas that are available. If none is available it chooses among all. It
// chooses avoid only if there is no other, and returns nil if there is no replica.
func (u *Upstream) Pick(avoid *Replica) *Replica {
	replicas := *u.replicas.Load()
	switch len(replicas) {
	case 0:
		return nil
	case 1:
		return replicas[0]
	}
	now := u.registry.watch.Now()
	n := uint32(len(replicas))
	// The second differs from the first: of two replicas the less busy one always gets the request.
	first, second := rand.Uint32N(n), rand.Uint32N(n-1)
	if second >= first {
		second++
	}
	best := better(replicas[first], replicas[second], avoid, now)
	if best == nil {
		best = scan(replicas, int(rand.Uint32N(n)), func(r *Replica) bool { return r != avoid && r.available(now) })
	}
	if best == nil {
		best = scan(replicas, int(rand.Uint32N(n)), func(r *Replica) bool { return r != avoid })
	}
	return best
}

// better is the less busy of the two, or the only one that may be taken; nil if neither may.
func better(a, b, avoid *Replica, now int64) *Replica {
	useA, useB := a != avoid && a.available(now), b != avoid && b.available(now)
	switch {
	case useA && useB:
		if b.inFlight.Load() < a.inFlight.Load() {
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

// scan returns the first replica, from a position on, that is ok; nil if none is.
func scan(replicas []*Replica, from int, ok func(*Replica) bool) *Replica {
	for i := range replicas {
		if r := replicas[(from+i)%len(replicas)]; ok(r) {
			return r
		}
	}
	return nil
}

// HasOther reports whether there is a replica beside r; with available, whether there is one that is neither unhealthy
// nor ejected. The upstream may have lost r while it was tried: then every replica that it has is another one.
func (u *Upstream) HasOther(r *Replica, available bool) bool {
	now := u.registry.watch.Now()
	return scan(*u.replicas.Load(), 0, func(o *Replica) bool { return o != r && (!available || o.available(now)) }) != nil
}

// SpendRetry takes a retry from the budget, and reports whether there was one.
func (u *Upstream) SpendRetry() bool {
	var total uint64
	for _, r := range *u.replicas.Load() {
		total += r.total.Load()
	}
	return u.budget.allow(total)
}

// replace makes these places the replicas. Known ones stay. New ones join, and are checked until ctx ends. Replicas that are
// not among them get no new requests, and finish those that they have.
func (u *Upstream) replace(ctx context.Context, places []place) {
	u.mu.Lock()
	defer u.mu.Unlock()
	if u.stopped {
		return
	}
	known := map[place]*Replica{}
	for _, r := range *u.replicas.Load() {
		known[u.key(r.place)] = r
	}
	next := make([]*Replica, 0, len(places))
	for _, at := range places {
		r := known[u.key(at)]
		if r == nil {
			r = newReplica(u, at)
			go r.keepChecking(ctx)
		}
		delete(known, u.key(at))
		next = append(next, r)
	}
	u.replicas.Store(&next)
	for _, r := range known {
		r.pool.retire()
	}
}

// Stop is for an upstream that no new request gets. It ends the resolving, and keeps no connections from now on. Requests
// that have the upstream go on as before, also if they have yet to choose a replica or are sent again: the replicas stay.
// It must be called once.
func (u *Upstream) Stop() {
	u.registry.inUse.Delete(u)
	close(u.ended)
	u.mu.Lock()
	defer u.mu.Unlock()
	u.stopped = true
	for _, r := range *u.replicas.Load() {
		r.pool.retire()
	}
}
