package upstream

import (
	"context"
	"errors"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// Passive ejection: a replica that fails rests this long, twice as long after each further failure, up to a bound.
const (
	ejectFirst = time.Second
	ejectMax   = 30 * time.Second
	ejectAfter = 3 // failures in a row of a replica that does take connections
)

const (
	maxIdle      = 512              // connections kept per replica
	idleLimit    = 55 * time.Second // under the usual 60 of servers that do not say
	freshForPost = 500              // ms: a request that must not be sent twice takes no connection that has rested longer
)

// target is one replica: an address.
type target struct {
	set  *Set
	addr string

	busy  atomic.Int64 // requests in flight
	total atomic.Uint64

	sick     atomic.Bool  // the active check says so
	restTill atomic.Int64 // watch milliseconds

	failures atomic.Int64 // in a row

	mu      sync.Mutex
	idle    []*link // the last used is the last
	links   map[*link]struct{}
	rests   int
	retired bool
}

// link is a connection to a replica.
type link struct {
	*wire.Conn
	target *target
	// idleFrom is when it was last put back, idleTill when its server may close it; watch milliseconds.
	idleFrom, idleTill int64
	answered           atomic.Bool // the current answer has begun: the final one, not a 1xx before it
}

func newTarget(s *Set, addr string) *target {
	return &target{set: s, addr: addr, links: map[*link]struct{}{}}
}

// well reports whether the replica gets requests.
func (t *target) well(now int64) bool { return !t.sick.Load() && t.restTill.Load() <= now }

// take returns an idle connection, the one used last. It looks at each first, whatever it costs: its server may have
// closed it, or said something that the next client would get for an answer. A request that cannot be sent twice only
// gets one that has not rested long, which its server is not about to close.
func (t *target) take(sendOnce bool) *link {
	now := t.set.engine.watch.Now()
	since := int64(0)
	if sendOnce {
		since = now - freshForPost
	}
	for {
		l := t.pop(since)
		if l == nil {
			return nil
		}
		if now < l.idleTill && l.Idle() {
			return l
		}
		t.close(l)
	}
}

// strayBody reports whether an answer that has no body speaks of one. There are upstreams that send it nevertheless, in
// a write of its own: it may come at any time, and whoever chose it chooses the next client's answer.
func strayBody(r *wire.Response, head bool) bool {
	if r.Status == 204 || r.Status == 304 {
		return r.Chunked || r.ContentLength > 0
	}
	return head && r.ContentLength != 0
}

// pop takes the connection used last off the others, if it was put back since then.
func (t *target) pop(since int64) *link {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(t.idle) - 1
	if n < 0 || t.idle[n].idleFrom < since {
		return nil
	}
	l := t.idle[n]
	t.idle[n] = nil
	t.idle = t.idle[:n]
	return l
}

// put keeps a connection for the next request. keep is how long its server says it may rest; 0 if it says nothing.
func (t *target) put(l *link, keep time.Duration) {
	rest := idleLimit
	if keep > 0 {
		rest = min(rest, keep-min(keep/2, time.Second))
	}
	l.idleFrom = t.set.engine.watch.Now()
	l.idleTill = l.idleFrom + rest.Milliseconds()
	t.mu.Lock()
	// Under the lock: giveUp either stops the connection before this or finds it idle.
	kept := l.ClearTimeout() && !t.retired && len(t.idle) < maxIdle
	if kept {
		t.idle = append(t.idle, l)
	}
	t.mu.Unlock()
	if !kept {
		t.close(l)
	}
}

// dial opens a connection.
func (t *target) dial() (*link, error) {
	dialer := net.Dialer{Timeout: t.set.cfg.Limits.Connect, KeepAlive: time.Minute}
	nc, err := dialer.DialContext(context.Background(), "tcp", t.addr)
	if err != nil {
		return nil, err
	}
	l := &link{Conn: wire.NewConn(nc, t.set.engine.watch), target: t}
	t.mu.Lock()
	defer t.mu.Unlock()
	t.links[l] = struct{}{}
	return l, nil
}

func (t *target) close(l *link) {
	t.mu.Lock()
	delete(t.links, l)
	t.mu.Unlock()
	l.Close()
}

// retire takes the replica out of use. It may still be sent to by who holds a set that is stopped.
func (t *target) retire() {
	t.mu.Lock()
	t.retired = true
	idle := t.idle
	t.idle = nil
	t.mu.Unlock()
	for _, l := range idle {
		t.close(l)
	}
}

// wanted reports whether the replica gets requests, or one of them waits for its answer.
func (t *target) wanted() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	return !t.retired || len(t.waiting()) > 0
}

// waiting are the connections that an answer is waited for on. The caller holds the lock.
func (t *target) waiting() []*link {
	var all []*link
	for l := range t.links {
		if !l.answered.Load() {
			all = append(all, l)
		}
	}
	return all
}

// prune closes the connections that have rested too long.
func (t *target) prune() {
	now := t.set.engine.watch.Now()
	t.mu.Lock()
	var old []*link
	kept := t.idle[:0]
	for _, l := range t.idle {
		if now < l.idleTill && l.Idle() {
			kept = append(kept, l)
		} else {
			old = append(old, l)
		}
	}
	clear(t.idle[len(kept):])
	t.idle = kept
	t.mu.Unlock()
	for _, l := range old {
		t.close(l)
	}
}

// failed notes a failure; one to connect counts at once.
func (t *target) failed(connect bool) {
	if t.failures.Add(1) < ejectAfter && !connect {
		return
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.set.engine.watch.Now()
	if t.restTill.Load() > now {
		return // many requests meet one crash: that is one failure
	}
	if t.rests == 0 {
		t.set.engine.noteRest(t) // later ones are the same trouble
	}
	rest := min(ejectFirst<<min(t.rests, 10), ejectMax)
	t.rests++
	t.restTill.Store(now + rest.Milliseconds())
}

// succeeded notes an answer.
func (t *target) succeeded() {
	if t.failures.Load() > 0 && t.forgive() {
		t.set.engine.noteWell(t)
	}
}

// forgive forgets the failures, and reports whether the replica has rested for them.
func (t *target) forgive() bool {
	t.mu.Lock()
	defer t.mu.Unlock()
	rested := t.rests > 0
	t.failures.Store(0)
	t.rests = 0
	t.restTill.Store(0)
	return rested
}

// judge draws the conclusions from the active check's error. A replica that answers, be it to say that it is not ready,
// goes on with what it has: it may be stopping, or its database may be away. One that does not answer hangs.
func (t *target) judge(err error) {
	sick := err != nil
	if t.sick.Swap(sick) != sick {
		if sick {
			t.set.engine.noteSick(t, err)
		} else {
			t.forgive()
			t.set.engine.noteWell(t)
		}
	}
	if sick && !errors.Is(err, errNotReady) {
		t.giveUp()
	}
}

// giveUp stops what a replica that hangs has not begun to answer, to be sent elsewhere; only if there is an elsewhere.
func (t *target) giveUp() {
	now := t.set.engine.watch.Now()
	if scan(*t.set.targets.Load(), 0, func(o *target) bool { return o != t && o.well(now) }) == nil {
		return
	}
	t.mu.Lock()
	idle := t.idle
	t.idle = nil
	for _, l := range t.waiting() {
		l.Stop(wire.Ejected) // under the lock: a link is closed only by its user, who needs the lock first
	}
	t.mu.Unlock()
	for _, l := range idle {
		t.close(l)
	}
}
