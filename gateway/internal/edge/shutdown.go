package edge

import (
	"context"
	"time"

	"tallygate/gateway/internal/wire"
)

// drainLook is how often Shutdown looks whether only connections that rest are left.
const drainLook = 20 * time.Millisecond

// Stopping is for the time before Shutdown, in which balancers learn that the gateway stops: it goes on serving, but its health
// page says so, and every response ends its connection.
func (s *Server) Stopping() {
	s.draining.Store(true)
	s.http2.Drain()
}

// Shutdown stops accepting, lets requests in flight finish, and cuts those that are left when ctx ends. While there are any,
// a connection that has been used before may bring one more request: its client may have sent it already.
func (s *Server) Shutdown(ctx context.Context) error {
	s.Stopping()
	s.closing.Store(true)
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close() // there is nothing to do about an error
	}
	s.mu.Unlock()
	s.clients.stop()
	s.http2.Stop(ctx)
	defer s.cancel()
	look := time.NewTicker(drainLook)
	defer look.Stop()
	for ctx.Err() == nil {
		s.clients.stopRested()
		select {
		case <-s.clients.empty:
			return nil
		case <-look.C:
		case <-ctx.Done():
		}
	}
	s.clients.each(func(c *conn) { c.wire.Cut(wire.Draining) })
	select {
	case <-s.clients.empty: // so that the calls are counted
	case <-time.After(cutTimeout):
	}
	return ctx.Err()
}

// stop is for the end: no more clients will come. It stops those that have had no request yet.
func (l *clients) stop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.last = true
	for _, c := range l.open {
		if c.state.Load() >= unbegun {
			c.stopIfIdle()
		}
	}
	if len(l.open) == 0 {
		l.signalEmpty()
	}
}

// stopRested stops the connections that rest, if no request is in flight on any other one.
func (l *clients) stopRested() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for _, c := range l.open {
		if state := c.state.Load(); state == busy || state >= partial {
			return
		}
	}
	for _, c := range l.open {
		c.stopIfIdle()
	}
}

// stopIfIdle ends the connection if it is between requests. One of HTTP/2 has been told to end (GOAWAY), and does so when its client
// has heard of it.
func (c *conn) stopIfIdle() {
	if c.frames {
		return
	}
	if state := c.state.Load(); state > busy && state < partial && c.state.CompareAndSwap(state, dismissed) {
		c.wire.Stop(wire.Draining)
	}
}
