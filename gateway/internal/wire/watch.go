package wire

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often a Watch looks. Timeouts are kept to about this.
const tick = 100 * time.Millisecond

// Watch keeps the timeouts of many connections with one goroutine: a timeout costs its connection an atomic store, not a
// timer. It also notices that a client is gone while nobody reads its connection.
type Watch struct {
	now  atomic.Int64 // milliseconds since begun
	date atomic.Pointer[date]

	begun time.Time
	mu    sync.Mutex
	conns []*Conn
	gone  goneClients
}

// NewWatch returns a Watch; Run has to run while connections are in use.
func NewWatch() *Watch {
	w := &Watch{begun: time.Now()}
	w.setDate(w.begun)
	return w
}

// Now is the watch's clock, in milliseconds; it stands still between looks.
func (w *Watch) Now() int64 { return w.now.Load() }

// Run looks every tick until ctx ends.
func (w *Watch) Run(ctx context.Context) {
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
			w.Look()
		}
	}
}

// Look stops every connection whose time is up, and the upstream connections of clients that are gone.
func (w *Watch) Look() {
	at := time.Now()
	now := at.Sub(w.begun).Milliseconds()
	w.now.Store(now)
	w.setDate(at)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone.reset()
	for _, c := range w.conns {
		d := c.deadline.load()
		switch {
		case d.passed(now):
			c.neglects.Store(d.isIdle())
			c.stop(d, TimedOut)
		case c.stuck(now):
			c.neglects.Store(true)
			c.Stop(TimedOut)
		default:
			w.poll(c, d)
		}
	}
	w.gone.stop(now)
}

// poll asks the kernel, at the end of this look, whether a client is gone. It does so only if nobody reads the client's
// connection, and nothing has changed since the last look: a shorter wait is not worth a system call.
func (w *Watch) poll(c *Conn, d deadline) {
	upstream := c.serves.Load()
	switch {
	case upstream != nil:
		d = upstream.deadline.load()
		waits := d.isSet() || d.stopped() == 0 && upstream.writes.current() != 0
		if waits && d == c.seen {
			w.gone.add(c, upstream, d)
		}
	case d.isIdle():
		// Once is enough: Await misses only a client that closed right after its last message.
		if d == c.seen && d != c.polled {
			c.polled = d
			w.gone.add(c, c, d)
		}
	}
	c.seen = d
}

func (w *Watch) add(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.slot, c.watched = len(w.conns), true
	w.conns = append(w.conns, c)
}

// remove must be called before the connection is closed: then Look never asks about a descriptor that the kernel has
// given to another connection.
func (w *Watch) remove(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.conns) - 1
	w.conns[c.slot] = w.conns[last]
	w.conns[c.slot].slot = c.slot
	w.conns[last] = nil
	w.conns = w.conns[:last]
	c.watched = false
}

// Quiet reports whether nothing has come on the connection that has not been read. Unlike most methods it may be called while
// the owner uses the connection, or closes it. If the kernel cannot be asked, the answer is yes.
func (c *Conn) Quiet() bool {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	return c.watched && c.unread() == 0
}

// Received is how many bytes have come on the connection so far, read or not; 0 if the kernel cannot be asked. It may be called
// like Quiet.
func (c *Conn) Received() uint64 {
	c.watch.mu.Lock()
	defer c.watch.mu.Unlock()
	if !c.watched {
		return 0
	}
	return c.come()
}
