package wire

import (
	"context"
	"sync"
	"sync/atomic"
	"time"
)

// tick is how often a Watch looks. Limits of time are kept to about this.
const tick = 100 * time.Millisecond

// Watch keeps the limits of time of many connections with one goroutine: a limit costs its connection an atomic store,
// not a timer. It also notices clients that have left while they are waited for by nobody.
type Watch struct {
	now  atomic.Int64 // milliseconds since begun
	date atomic.Pointer[date]

	begun time.Time
	mu    sync.Mutex
	conns []*Conn
	gone  leavers
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

// Look stops every connection whose time is up, and the upstream connections of clients that have left.
func (w *Watch) Look() {
	at := time.Now()
	now := at.Sub(w.begun).Milliseconds()
	w.now.Store(now)
	w.setDate(at)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.gone.reset()
	for _, c := range w.conns {
		limit := c.limit.Load()
		if until := limit >> serialBits; until > 0 && until <= now {
			c.stop(limit, TimedOut)
			continue
		}
		if c.stuck(now) {
			c.Stop(TimedOut)
			continue
		}
		w.askAbout(c, limit)
	}
	w.gone.stop()
}

// askAbout asks the kernel whether a client has left, if nobody reads its connection and that has lasted since the last
// look: only then is it worth a question.
func (w *Watch) askAbout(c *Conn, limit int64) {
	upstream := c.serves.Load()
	switch {
	case upstream != nil:
		limit = upstream.limit.Load()
		waits := limit>>serialBits > 0 || limit >= 0 && upstream.writing.Load() != 0
		if waits && limit == c.seen {
			w.gone.ask(c, upstream, limit)
		}
	case limit > 0 && limit&restBit != 0:
		// Once is enough: Await misses only a client that closed right behind its last message.
		if limit == c.seen && limit != c.asked {
			c.asked = limit
			w.gone.ask(c, c, limit)
		}
	}
	c.seen = limit
}

func (w *Watch) add(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	c.slot = len(w.conns)
	w.conns = append(w.conns, c)
}

// remove must be called before the connection is closed: Look then never asks about a descriptor that has become
// somebody else's.
func (w *Watch) remove(c *Conn) {
	w.mu.Lock()
	defer w.mu.Unlock()
	last := len(w.conns) - 1
	w.conns[c.slot] = w.conns[last]
	w.conns[c.slot].slot = c.slot
	w.conns[last] = nil
	w.conns = w.conns[:last]
}
