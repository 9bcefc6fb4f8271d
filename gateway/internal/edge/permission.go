package edge

import (
	"context"
	"sync"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/kit/every"
)

const (
	// lookEvery is how often calls in flight are looked at.
	lookEvery = 500 * time.Millisecond
	// lasting is how long a call is left alone. Short ones finish: they were permitted when they began.
	lasting = time.Second
)

// permitted is the call on a connection that has to end with its user's permission. Short calls cost it two locks that
// nobody else holds.
type permitted struct {
	mu    sync.Mutex
	call  *call // nil: none
	ended error // why it was ended
}

func (p *permitted) begin(k *call) {
	p.mu.Lock()
	p.call, p.ended = k, nil
	p.mu.Unlock()
}

// end returns why the call was ended, or nil. It is not ended any more after that.
func (p *permitted) end() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.call = nil
	return p.ended
}

// lasts reports whether there is a call that has lasted.
func (p *permitted) lasts(now time.Time) bool {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.call != nil && now.Sub(p.call.begun) >= lasting
}

// recheck ends the call if it has lasted, and its user may not call any more. One that has not ended by the next time is
// held up by a peer that does not move: then the client's connection is cut.
func (p *permitted) recheck(now time.Time) {
	p.mu.Lock()
	defer p.mu.Unlock()
	k := p.call
	if k == nil || now.Sub(k.begun) < lasting {
		return
	}
	if p.ended != nil {
		k.exchange.Cut(k.conn.wire)
		return
	}
	if p.ended = k.conn.server.cfg.Check.Valid(k.who, now); p.ended != nil {
		k.exchange.End(k.conn.wire, check.Reason(p.ended))
	}
}

// Run ends calls in flight when their users may not call any more, until ctx ends.
func (s *Server) Run(ctx context.Context) {
	var open []*conn
	every.Do(ctx, lookEvery, func() { open = s.recheck(time.Now(), open) })
}

// recheck looks at all calls that last. open is memory for them; what is returned may be used the next time.
func (s *Server) recheck(now time.Time, open []*conn) []*conn {
	s.clients.each(func(c *conn) {
		if c.permitted.lasts(now) {
			open = append(open, c)
		}
	})
	for _, c := range open {
		c.permitted.recheck(now)
	}
	clear(open)
	return open[:0]
}

// forward sends the request on. If the user's permission ends meanwhile, so does the request: with the error of the check
// if no response has begun.
func (s *Server) forward(k *call) error {
	if k.who.UserID == 0 || k.route.UntilClosed {
		return s.deliver(k)
	}
	k.revocable = true
	k.conn.permitted.begin(k)
	if err := s.deliver(k); !k.streams {
		return k.permissionEnded(err)
	}
	return nil
}

// permissionEnded notes that the request needs its user's permission no more. err is what came of it.
func (k *call) permissionEnded(err error) error {
	c, s := k.conn, k.conn.server
	why := c.permitted.end()
	if why == nil {
		return err
	}
	if err == nil && k.keep { // the response was whole by then
		c.wire.AllowReads()
		return nil
	}
	k.ended = check.Reason(why)
	s.cfg.Metrics.ended.WithLabelValues(k.ended).Inc()
	k.keep = false
	if c.wire.Stopped() != 0 {
		k.gone = true
		c.wire.Abort() // what the client has not taken yet, it does not get
	}
	c.wire.AllowReads()
	if err == nil {
		return nil
	}
	return why
}
