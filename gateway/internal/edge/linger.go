package edge

import (
	"time"

	"tallygate/gateway/internal/wire"
)

// lingerBounds are for what a client still sends after the response that ends its connection.
type lingerBounds struct {
	idle  time.Duration // without a byte
	most  time.Duration // in all
	bytes int64
}

// lingering are the bounds in use, unless a test has others. Many clients send their whole body before they look for a response: they have to be able to.
func lingering() lingerBounds {
	return lingerBounds{idle: 3 * time.Second, most: 30 * time.Second, bytes: 4 << 30}
}

// linger takes what the client still sends before the connection is closed. The kernel resets a connection that is closed with
// bytes that nobody has read, and the client then loses the response (RFC 9112 section 9.6). It holds no memory while it waits,
// and may be closed for another connection as one whose request has begun to come: it has had its response.
func (c *conn) linger() {
	c.dropBuffer()
	if state := c.state.Load(); state != dismissed {
		c.state.CompareAndSwap(state, c.server.clients.now()|partial) // or it has been dismissed: then nothing more can be read
	}
	c.wire.CloseWrite()
	bounds, begun := c.server.cfg.lingers, c.wire.Clock()
	in := wire.Loan{Pool: c.server.buffers}
	for taken := int64(0); taken < bounds.bytes; {
		most := bounds.most
		if c.server.draining.Load() {
			most = bounds.idle
		}
		left := most - time.Duration(c.wire.Clock()-begun)*time.Millisecond
		if left <= 0 {
			return
		}
		c.wire.SetTimeout(min(left, bounds.idle))
		n, err := c.wire.Fetch(&in)
		in.Drop()
		if err != nil {
			return
		}
		taken += int64(n)
	}
}
