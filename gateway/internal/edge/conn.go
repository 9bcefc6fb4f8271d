package edge

import (
	"crypto/tls"
	"errors"
	"net"
	"net/netip"
	"runtime/debug"
	"sync/atomic"

	"tallygate/gateway/internal/wire"
)

// conn is one client's connection, and the goroutine that serves it.
type conn struct {
	server *Server
	wire   *wire.Conn
	tls    *tls.Conn // nil without TLS
	peer   netip.Addr
	client string // the peer's address as text
	proto  string
	// state is busy, dismissed, or since when the connection rests: nanoseconds of the server's clock, and unbegun for one that has
	// had no request. rests is the last such value. While a head comes in pieces, state is since when it comes, and partial.
	state   atomic.Int64
	rests   int64
	streams atomic.Bool // the call in flight passes a body on as it comes
	place   place
	slot    int  // in clients.open
	leaving bool // its place is given to others
	begun   bool // a request has been served
	over    bool // no more requests are taken
	gone    bool // the client is gone
	// permitted is the call in flight that has to end with its user's permission.
	permitted permitted
	// occupied is the same call, if it counts towards what its user may have in flight.
	occupied occupied
	// frames: the connection is one of HTTP/2, and open are its streams. stream: it is such a stream itself.
	frames, stream bool
	open           streams
	buffer         *wire.Buffer // what has been read; nil while idle
	// parsed is a request that quick has parsed and not responded to, or not to the end of a stream; fault is the parser's error.
	// It is not parsed again, because Parse changes the buffer.
	parsed *call
	fault  error
}

const (
	dismissed int64 = iota - 1 // stopped while it rested
	busy
	unbegun = 1 << 62
	partial = unbegun | 1<<61 // as a state it is higher than all others: the last to make room
)

// errDismissed means that the connection was closed for another one before its request was complete.
var errDismissed = errors.New("the connection makes room for another one")

func newConn(s *Server, nc net.Conn, peer netip.Addr) *conn {
	c := &conn{server: s, wire: wire.NewConn(nc, s.cfg.Watch), proto: "http", rests: s.clients.now() | unbegun}
	c.state.Store(c.rests)
	c.wire.WriteTimeout = writeTimeout
	c.wire.LimitUnsent(unsentBytes)
	if peer.IsValid() {
		c.peer, c.client = peer, peer.String()
	}
	if t, ok := nc.(*tls.Conn); ok {
		c.tls, c.proto = t, "https"
	}
	return c
}

// serve responds to the connection's requests, one after the other, until it ends.
func (c *conn) serve() {
	defer c.close()
	defer c.survive(nil)
	quick := c.quick
	for c.await(quick) {
		if c.over {
			break
		}
		if c.over = !c.serveOne(); c.over {
			break
		}
		c.begun = true
	}
	if c.over && !c.gone {
		c.linger()
	}
}

func (c *conn) close() {
	c.dropBuffer()
	c.wire.Close()
	c.server.closed(c)
}

// survive keeps one request's programming error from ending the others.
func (c *conn) survive(err *error) {
	if p := recover(); p != nil {
		_ = c.permitted.end() // the connection ends anyway
		c.occupied.leave()
		if err != nil {
			*err = errPanic
		}
		c.server.cfg.Log.Error("panic while serving", "panic", p, "stack", string(debug.Stack()))
	}
}

// await waits for a request that quick does not deal with. While it waits, the connection holds no buffer.
func (c *conn) await(quick func(*wire.Buffer) bool) bool {
	if c.buffer != nil {
		if len(c.buffer.Bytes()) > 0 {
			return c.wire.AwaitSent() // pipelined: it begins when the client takes the responses to those before
		}
		c.dropBuffer()
	}
	if !c.becomeIdle() {
		return false
	}
	var err error
	if c.buffer, err = c.wire.Await(c.server.buffers, quick); err != nil {
		return false
	}
	return c.state.Load() == busy || c.becomeBusy()
}

// dropBuffer gives the buffer back, if there is one.
func (c *conn) dropBuffer() {
	if c.buffer != nil {
		c.server.buffers.Put(c.buffer)
		c.buffer = nil
	}
}

// becomeIdle notes that the connection is between requests, and reports whether there may be another one. A new connection rests
// already.
func (c *conn) becomeIdle() bool {
	if !c.begun {
		c.wire.SetIdleTimeout(headTimeout)
		return !c.server.closing.Load()
	}
	c.wire.SetIdleTimeout(c.server.cfg.IdleTimeout)
	c.state.Store(c.rests)
	return true // while the gateway stops, stopRested ends it
}

// becomeBusy ends the rest, and reports false if the connection was dismissed.
func (c *conn) becomeBusy() bool { return c.state.CompareAndSwap(c.rests, busy) }

// quick responds to a request that has come in one piece, as nearly all do. It reports whether the connection waits for
// the next request. If not, serve goes on: from the beginning of the request, if quick has done nothing yet.
func (c *conn) quick(b *wire.Buffer) bool {
	if !c.becomeBusy() {
		return false
	}
	c.buffer = b
	k := c.server.calls.Get().(*call)
	k.begin(c)
	n, err := k.request.Parse(b.Bytes())
	switch {
	case err == nil && n == 0:
		c.finished(k)
		return false
	case err != nil || !k.whole() || !c.wire.ClearTimeout():
		c.parsed, c.fault = k, err
		return false
	}
	if c.server.handle(k); k.streams {
		c.parsed = k
		return false
	}
	c.over = !c.responded(k)
	c.finished(k)
	c.begun = true
	if c.over || len(b.Bytes()) > 0 {
		return false
	}
	if c.over = !c.becomeIdle(); c.over {
		return false
	}
	c.buffer = nil // Await gives it back
	return true
}

// finished keeps k to be used again. After a panic it is not: others may still use it.
func (c *conn) finished(k *call) {
	k.conn = nil
	c.server.calls.Put(k)
}

// serveOne reads one request, unless quick has, and responds to it. It reports whether the connection goes on.
func (c *conn) serveOne() bool {
	k, err := c.parsed, c.fault
	c.parsed, c.fault = nil, nil
	if k == nil {
		k = c.server.calls.Get().(*call)
		k.begin(c)
		err = c.readHead(k)
	}
	if !k.streams && !c.begin(k, err) {
		c.finished(k)
		return false
	}
	if k.streams {
		c.server.resume(k)
	}
	again := c.responded(k)
	c.finished(k)
	return again
}

// begin handles a request whose head has been read, or not because of err. It reports false if it cannot.
func (c *conn) begin(k *call, err error) bool {
	if fault, ok := errors.AsType[*wire.MessageError](err); ok {
		k.refuse(fault)
		k.end()
		return false
	}
	if err != nil || !c.wire.ClearTimeout() {
		c.gone = true // or the connection was stopped, and cannot be used any more
		return false
	}
	c.server.handle(k)
	return true
}

// responded notes that the response is complete. It reports whether another request may follow.
func (c *conn) responded(k *call) bool {
	k.end()
	c.gone = k.gone
	if !k.keep || !k.body.Done() {
		return false
	}
	c.server.buffers.Hold(c.buffer, k.body.Extra())
	return true
}
