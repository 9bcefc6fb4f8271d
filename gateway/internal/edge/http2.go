package edge

import (
	"crypto/tls"
	"sync"

	"tallygate/gateway/internal/h2"
	"tallygate/gateway/internal/wire"
)

// streams is how many requests a connection of HTTP/2 has open.
type streams struct {
	mu    sync.Mutex
	count int
}

// link is a client's connection as package h2 uses it: the watch keeps its timeouts.
type link struct {
	*tls.Conn

	wire  *wire.Conn
	close func()
}

// Read reads what has come, or waits for it.
func (l *link) Read(p []byte) (int, error) { return l.wire.Read(p) }

// Write writes all of p, as long as the client takes it.
func (l *link) Write(p []byte) (int, error) { return l.wire.Write(p) }

// Close closes the connection.
func (l *link) Close() error {
	l.close()
	return nil
}

// serveHTTP2 serves the streams of a connection until it ends. They may last longer.
func (c *conn) serveHTTP2() {
	closeOnce := sync.OnceFunc(c.close)
	defer closeOnce()
	defer c.survive(nil)
	if c.wire.ClearTimeout() {
		c.server.http2.Serve(&link{c.tls, c.wire, closeOnce}, c.serveStream)
	}
}

// serveStream responds to one request. The stream is served like a connection that brings one request, and is bounded and counted
// like one: the first that is open has the place of the connection that carries it, and each further one needs a place of its own.
func (c *conn) serveStream(stream *h2.Stream) {
	first, ok := c.opened()
	if !ok {
		return // the connection was closed for another one
	}
	defer c.ended()
	defer c.survive(nil)
	s := c.server
	var at place
	if !first {
		var why refusal
		if at, why = s.clients.admit(c.peer); why != admitted {
			s.cfg.Metrics.refused.WithLabelValues(string(why)).Inc()
			s.refuseStream(stream, why)
			return
		}
	}
	k := c.newStream(stream, at)
	k.leaving = first // it has no place to give to others
	s.clients.add(k)
	defer k.closeStream(stream.Unread())
	if !s.cfg.Budget.Spend(stream.Unread()) {
		s.cfg.Budget.Take(stream.Unread())
		s.refuseStream(stream, wire.ErrOverloaded)
		return
	}
	defer stream.OnGone(func() { k.wire.Cut(wire.ClientGone) })()
	k.serveExchange(stream)
}

// opened counts a stream, and reports whether it is the only one that is open. It is not ok if the connection was dismissed.
func (c *conn) opened() (only, ok bool) {
	c.open.mu.Lock()
	defer c.open.mu.Unlock()
	only = c.open.count == 0
	if only && !c.becomeBusy() {
		return false, false
	}
	c.open.count++
	return only, true
}

// ended ends what opened began.
func (c *conn) ended() {
	c.open.mu.Lock()
	defer c.open.mu.Unlock()
	if c.open.count--; c.open.count == 0 {
		c.rests = c.server.clients.now()
		c.state.Store(c.rests)
	}
}

// newStream makes a stream a connection, which is busy as long as it is there.
func (c *conn) newStream(stream *h2.Stream, at place) *conn {
	k := &conn{
		server: c.server, wire: wire.NewConn(stream, c.server.cfg.Watch), peer: c.peer, client: c.client, proto: c.proto,
		place: at, stream: true,
	}
	k.wire.WriteTimeout = writeTimeout
	k.server.cfg.Budget.Take(k.weight())
	return k
}

// closeStream ends what newStream began, with what was counted for the request's body.
func (c *conn) closeStream(body int) {
	c.dropBuffer()
	c.wire.Close()
	c.server.cfg.Budget.GiveBack(c.weight() + body)
	c.server.clients.remove(c)
}

// refuseStream responds to a request that is not looked at.
func (s *Server) refuseStream(stream *h2.Stream, why error) {
	_, _ = stream.Write(s.refusalResponse(why, stream.AppendHead(nil))) // an error means that the client is gone
}

// serveExchange responds to the stream's request.
func (c *conn) serveExchange(stream *h2.Stream) {
	defer c.survive(nil)
	buffers := c.server.buffers
	c.buffer = buffers.Get()
	if head := stream.AppendHead(c.buffer.Free()[:0]); len(head) <= len(c.buffer.Free()) {
		c.buffer.Filled(len(head))
	} else {
		buffers.Hold(c.buffer, head)
	}
	k := c.server.calls.Get().(*call)
	k.begin(c)
	n, err := k.request.Parse(c.buffer.Bytes())
	if err == nil && n != len(c.buffer.Bytes()) {
		err = wire.ErrField // the head has an end where there should be none
	}
	k.grpc = err == nil && isGRPC(&k.request)
	c.parsed, c.fault = k, err
	c.serveOne()
}
