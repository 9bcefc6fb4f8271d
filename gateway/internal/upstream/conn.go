package upstream

import (
	"crypto/tls"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/wire"
)

// Conn is a connection to a replica. The caller of Take or Dial gives it back with Keep or Close.
type Conn struct {
	*wire.Conn
	replica *Replica
	secured *tls.Config // what it was opened with; nil without TLS
	// idleFrom is when it was last put back, idleTill when its server may close it; watch milliseconds.
	idleFrom, idleTill int64
	responding         atomic.Bool
	movable            atomic.Bool
}

// tlsBytes is what a connection by TLS is counted with in the budget. deploy/test/gateway measures it.
const tlsBytes = 32 << 10

// connWeight is what a connection is counted with. A plain one is part of the client's.
func (r *Replica) connWeight() int {
	if r.upstream.tls == nil {
		return 0
	}
	return tlsBytes
}

// Replica is the replica at the other end.
func (c *Conn) Replica() *Replica { return c.replica }

// Begin notes that a request is sent on the connection. movable: if the replica is found to hang before Responding, the request
// can be sent elsewhere. Then the connection is stopped with wire.Ejected. Any other request stays where it is: to break it
// off would help nobody.
func (c *Conn) Begin(movable bool) {
	c.replica.total.Add(1)
	c.movable.Store(movable)
	c.responding.Store(false)
}

// SetResponding notes that the response has begun: the final one, not a 1xx before it.
func (c *Conn) SetResponding() { c.responding.Store(true) }

// Responding reports whether the response has begun.
func (c *Conn) Responding() bool { return c.responding.Load() }

// Keep gives the connection back for another request. idle is how long its server says that it may be idle; 0 if the
// server does not say.
func (c *Conn) Keep(idle time.Duration) { c.replica.pool.put(c, idle) }

// Close ends the connection.
func (c *Conn) Close() { c.replica.pool.close(c) }
