package upstream

import (
	"crypto/tls"
	"sync"
	"time"

	"tallygate/gateway/internal/wire"
)

const (
	maxIdle     = 512              // connections kept per replica
	idleTimeout = 55 * time.Second // below the 60 s that are usual for servers that do not say
	freshMillis = 500              // a request that must not be sent twice takes no connection that was idle for longer
)

// pool is the connections to one replica, those in use included.
type pool struct {
	watch *wire.Watch

	mu      sync.Mutex
	idle    []*Conn // the last used is the last
	all     map[*Conn]struct{}
	retired bool
}

func (p *pool) add(c *Conn) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all[c] = struct{}{}
}

// take looks at an idle connection before it returns it. That costs a system call, but the server may have closed the
// connection, or sent something that the next client would get as its response. By TLS, only a connection with this
// configuration will do.
func (p *pool) take(sendOnce bool, config *tls.Config) *Conn {
	now := p.watch.Now()
	since := int64(0)
	if sendOnce {
		since = now - freshMillis
	}
	for {
		c := p.pop(since)
		if c == nil {
			return nil
		}
		if now < c.idleTill && c.secured == config && c.Idle() {
			return c
		}
		p.close(c)
	}
}

// pop takes the connection used last from the idle ones, if it was put back since then.
func (p *pool) pop(since int64) *Conn {
	p.mu.Lock()
	defer p.mu.Unlock()
	n := len(p.idle) - 1
	if n < 0 || p.idle[n].idleFrom < since {
		return nil
	}
	c := p.idle[n]
	p.idle[n] = nil
	p.idle = p.idle[:n]
	return c
}

func (p *pool) put(c *Conn, idle time.Duration) {
	timeout := idleTimeout
	if idle > 0 {
		timeout = min(timeout, idle-min(idle/2, time.Second))
	}
	c.idleFrom = p.watch.Now()
	c.idleTill = c.idleFrom + timeout.Milliseconds()
	p.mu.Lock()
	// Under the lock: giveUp either stops the connection before this or finds it idle.
	kept := c.ClearTimeout() && !p.retired && len(p.idle) < maxIdle
	if kept {
		p.idle = append(p.idle, c)
	}
	p.mu.Unlock()
	if !kept {
		p.close(c)
	}
}

func (p *pool) close(c *Conn) {
	p.mu.Lock()
	delete(p.all, c)
	p.mu.Unlock()
	c.Conn.Close()
	c.replica.upstream.registry.budget.GiveBack(c.replica.connWeight())
}

// retire closes the idle connections, and from now on none is kept. Requests that hold a stopped upstream may still open
// some.
func (p *pool) retire() {
	p.mu.Lock()
	p.retired = true
	idle := p.takeIdle()
	p.mu.Unlock()
	p.closeAll(idle)
}

// needed reports whether connections are kept, or a response is waited for on one.
func (p *pool) needed() bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return !p.retired || len(p.waiting()) > 0
}

// waiting are the connections on which a response is waited for. The caller holds the lock.
func (p *pool) waiting() []*Conn {
	var waiting []*Conn
	for c := range p.all {
		if !c.Responding() {
			waiting = append(waiting, c)
		}
	}
	return waiting
}

// waitingCount is how many requests wait for their response.
func (p *pool) waitingCount() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.waiting())
}

// giveUp stops the connections on which a response is waited for to a request that can be sent elsewhere.
func (p *pool) giveUp() {
	p.mu.Lock()
	idle := p.takeIdle()
	for _, c := range p.waiting() {
		if c.movable.Load() {
			c.Stop(wire.Ejected) // under the lock: a connection is closed only by its user, who needs the lock first
		}
	}
	p.mu.Unlock()
	p.closeAll(idle)
}

// received is how many bytes of responses have come so far on each connection on which one has begun.
func (p *pool) received() map[*Conn]uint64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	all := map[*Conn]uint64{}
	for c := range p.all {
		if c.Responding() {
			all[c] = c.Received()
		}
	}
	return all
}

// hasReceived reports whether a response has gone on since received.
func (p *pool) hasReceived(before map[*Conn]uint64) bool {
	for c, now := range p.received() {
		if then, known := before[c]; known && now > then {
			return true
		}
	}
	return false
}

// prune closes the connections that were idle for too long.
func (p *pool) prune() {
	now := p.watch.Now()
	p.mu.Lock()
	var old []*Conn
	kept := p.idle[:0]
	for _, c := range p.idle {
		if now < c.idleTill && c.Idle() {
			kept = append(kept, c)
		} else {
			old = append(old, c)
		}
	}
	clear(p.idle[len(kept):])
	p.idle = kept
	p.mu.Unlock()
	p.closeAll(old)
}

// takeIdle takes all idle connections. The caller holds the lock, and closes them without it.
func (p *pool) takeIdle() []*Conn {
	idle := p.idle
	p.idle = nil
	return idle
}

func (p *pool) closeAll(conns []*Conn) {
	for _, c := range conns {
		p.close(c)
	}
}
