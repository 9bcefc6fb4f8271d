package edge

import (
	"cmp"
	"net/netip"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/wire"
	"tallygate/kit/httpd"
)

// clients are the clients' connections that are open. They are bounded in all, and for each address.
//
// At the bound the connection that has rested longest makes room. Finding it costs nothing while requests are served: each
// connection only notes since when it rests. It is looked for among all, but not for each client that comes: one search
// finds many, in their order, and those that have begun to rest since then have rested for less.
type clients struct {
	max, share int // 0: no bound
	trusted    []netip.Prefix
	begun      time.Time
	evicted    prometheus.Counter

	mu      sync.Mutex
	open    []*conn
	count   int // of those in open that are not leaving
	holders map[netip.Addr]int
	resting []rested // found by the last search and not yet asked to leave, the longest-resting last
	more    bool     // the last search found more
	young   bool     // the last search met connections that have not had time to send their first request
	// searchAfter keeps the cost of searches that find too little to a twentieth of the time, or a little more on a machine that
	// is so busy that searches are interrupted.
	searchAfter time.Duration
	left        chan struct{} // gets a value when a connection has been closed
	empty       chan struct{} // closed when there is none, and no more will come
	last        bool          // no more will come
}

// firstRequestAfter is how long a new connection is not closed for another one: its first request may be on its way.
const firstRequestAfter = 100 * time.Millisecond

// place is what a connection is admitted to.
type place struct {
	holder  netip.Addr // whose share it counts towards; not valid for none
	evicted bool       // another connection was closed for it
	soon    bool       // it was refused, but soon there may be one that makes room
}

// rested is a connection that rests, and its state.
type rested struct {
	conn  *conn
	state int64
}

func newClients(cfg *Config) *clients {
	return &clients{
		max: cfg.MaxConnections, share: cfg.ConnectionsPerAddress, trusted: cfg.Trusted, begun: time.Now(),
		evicted: cfg.Metrics.evicted,
		holders: map[netip.Addr]int{}, left: make(chan struct{}, 1), empty: make(chan struct{}),
	}
}

// now is the time since the beginning, in nanoseconds; at least 1.
func (l *clients) now() int64 { return max(1, int64(time.Since(l.begun))) }

// holder is whose share a peer's connections count towards: its address, or its /64, of which one host can use every
// address. It is not valid for a peer that has no bound.
func (l *clients) holder(peer netip.Addr) netip.Addr {
	if l.share == 0 || !peer.IsValid() || httpd.Trusted(l.trusted, peer) {
		return netip.Addr{}
	}
	return httpd.Block(peer)
}

// admit takes a place for a connection of the peer. It may have to close a connection that rests. The caller adds the
// connection afterwards.
func (l *clients) admit(peer netip.Addr) (p place, why refusal) {
	l.mu.Lock()
	defer l.mu.Unlock()
	p.holder = l.holder(peer)
	if p.holder.IsValid() && l.holders[p.holder] >= l.share {
		return p, shareTaken
	}
	if p.evicted = l.max > 0 && l.count >= l.max; p.evicted && !l.makeRoom() {
		p.soon = l.young || l.now() < int64(l.searchAfter)
		return p, allTaken
	}
	l.count++
	if p.holder.IsValid() {
		l.holders[p.holder]++
	}
	return p, admitted
}

// add puts a connection into the place that it was admitted to.
func (l *clients) add(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	c.slot = len(l.open)
	l.open = append(l.open, c)
}

// remove takes out a connection that is closed.
func (l *clients) remove(c *conn) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves(c)
	end := len(l.open) - 1
	l.open[c.slot] = l.open[end]
	l.open[c.slot].slot = c.slot
	l.open[end] = nil
	l.open = l.open[:end]
	if l.last && end == 0 {
		l.signalEmpty()
	}
	select {
	case l.left <- struct{}{}:
	default: // nobody has taken the value before
	}
}

// leaves gives a connection's place to others, once.
func (l *clients) leaves(c *conn) {
	if c.leaving {
		return
	}
	c.leaving = true
	l.count--
	holder := c.place.holder
	if !holder.IsValid() {
		return
	}
	if l.holders[holder]--; l.holders[holder] == 0 {
		delete(l.holders, holder)
	}
}

// evict closes the connection that has rested longest, and reports whether there was one. When it is closed, left gets a value.
func (l *clients) evict() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	select {
	case <-l.left: // of one that was closed before
	default:
	}
	return l.makeRoom()
}

// makeRoom is evict. The caller holds the lock.
func (l *clients) makeRoom() bool {
	if l.now() >= int64(l.searchAfter) {
		l.search()
	}
	if l.makeRoomByFound() {
		return true
	}
	if l.more {
		l.search()
	}
	return l.makeRoomByFound()
}

func (l *clients) makeRoomByFound() bool {
	for len(l.resting) > 0 {
		end := len(l.resting) - 1
		r := l.resting[end]
		l.resting[end] = rested{}
		l.resting = l.resting[:end]
		if r.conn.leaveIfIn(r.state) {
			l.leaves(r.conn)
			l.evicted.Inc()
			return true
		}
	}
	return false
}

// search finds connections that rest: a sixteenth of all, or a few. Those that wait for their first request make room after the
// others, and those whose request has begun to come last: they have begun to wait a moment ago.
func (l *clients) search() {
	const few = 16
	from, now := time.Now(), l.now()
	l.young = false
	keep, bar := max(len(l.open)/few, few), int64(0)
	found := l.resting[:0]
	for _, c := range l.open {
		state := c.state.Load()
		if state > unbegun && now-state&^partial < int64(firstRequestAfter) {
			l.young = true
			continue
		}
		if state <= 0 || bar > 0 && state >= bar {
			continue
		}
		if found = append(found, rested{c, state}); len(found) == 2*keep {
			found = longest(found, keep)
			bar = found[keep-1].state
		}
	}
	l.more = bar > 0 || len(found) > keep
	found = longest(found, keep)
	slices.Reverse(found)
	l.resting = found
	l.searchAfter = from.Sub(l.begun) + min(20*time.Since(from), firstRequestAfter/2)
}

// longest are the n that have rested longest, in that order.
func longest(all []rested, n int) []rested {
	slices.SortFunc(all, func(a, b rested) int { return cmp.Compare(a.state, b.state) })
	n = min(n, len(all))
	clear(all[n:])
	return all[:n]
}

// each calls a function with every connection, while none can be closed.
func (l *clients) each(do func(*conn)) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		do(c)
	}
}

func (l *clients) signalEmpty() {
	select {
	case <-l.empty:
	default:
		close(l.empty)
	}
}

// leaveIfIn ends the connection if it has rested since it was in the state, and no request is on its way.
func (c *conn) leaveIfIn(state int64) bool {
	if c.state.Load() != state || !c.wire.Quiet() || !c.state.CompareAndSwap(state, dismissed) {
		return false
	}
	c.wire.Stop(wire.Evicted)
	return true
}
