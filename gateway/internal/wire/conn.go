package wire

import (
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Stop is why a connection was stopped from outside; 0 if it was not.
type Stop int64

// The reasons.
const (
	TimedOut   Stop = -1 - iota // its limit has passed
	ClientGone                  // nobody waits for what it carries
	Ejected                     // the upstream was found dead
	Draining                    // the gateway stops
	Unwanted                    // no more is wanted of what it carries
)

// The low bits of a limit tell one use of a connection from the next, and whether it is a rest.
const (
	serialBits = 20
	restBit    = 1 << (serialBits - 1)
	serialMask = restBit - 1
)

// Conn is a connection to a client or to an upstream. One goroutine owns it: reads, writes, sets limits, closes. Others
// may stop it: what blocks then returns an error, and the owner learns why.
//
// What is asked of the kernel depends on what the connection says of itself, never on a guess: a client's that Rests, or
// Serves an upstream's, is watched for the client's leaving. No other is: the end of an upstream's connection may come
// long before all that stands before it has been read.
type Conn struct {
	net    net.Conn
	fd     int // -1 if it is not to be used directly
	pollFD int // -1 if the kernel cannot be asked about it
	watch  *Watch
	slot   int

	aborted bool

	// limit is a Stop when stopped, else milliseconds of the watch's clock << serialBits | restBit | serial; 0 milliseconds
	// are no limit.
	limit  atomic.Int64
	serves atomic.Pointer[Conn] // the upstream's connection that this client's waits for

	// WriteTimeout, if set, bounds how long a write may block without the peer taking a byte. Reads know nothing of it, nor
	// writes of the other limit: the two directions may be two goroutines'.
	WriteTimeout time.Duration
	// writing is the limit of the write that blocks, in milliseconds << serialBits | serial; 0 if none does.
	writing atomic.Int64
	writes  int64

	// The watch's own: the limit of the wait that it saw at its last look, and the rest that it has asked about.
	seen, asked int64
	stall       stall

	direct direct
}

// NewConn takes a connection over and has it watched until Close.
func NewConn(nc net.Conn, w *Watch) *Conn {
	c := &Conn{net: nc, fd: -1, pollFD: -1, watch: w}
	c.direct.init(c)
	w.add(c)
	return c
}

// RemoteAddr is the peer's address.
func (c *Conn) RemoteAddr() net.Addr { return c.net.RemoteAddr() }

// SetTimeout stops the connection in d from now, unless the timeout is set again or cleared before. It replaces the one before.
func (c *Conn) SetTimeout(d time.Duration) { c.setLimit(c.after(d)) }

// SetIdleTimeout is SetTimeout for a client's connection that waits for the next message: it is also stopped if the client goes.
func (c *Conn) SetIdleTimeout(d time.Duration) { c.setLimit(c.after(d) | restBit) }

// RenewTimeout is SetTimeout if there is a timeout, and does nothing otherwise: another goroutine, which waits, may go on for that long.
func (c *Conn) RenewTimeout(d time.Duration) {
	for {
		old := c.limit.Load()
		if old>>serialBits <= 0 || c.limit.CompareAndSwap(old, c.after(d)|(old+1)&serialMask) {
			return
		}
	}
}

// ClearTimeout takes the timeout away, and reports whether the connection is still good: one that was stopped is of no more use.
func (c *Conn) ClearTimeout() bool { return c.setLimit(0) }

// after is the limit in d from now, rounded up.
func (c *Conn) after(d time.Duration) int64 {
	return (c.watch.now.Load() + int64(d/time.Millisecond) + 1) << serialBits
}

func (c *Conn) setLimit(limit int64) bool {
	for {
		old := c.limit.Load()
		if old < 0 {
			return false
		}
		if c.limit.CompareAndSwap(old, limit|(old+1)&serialMask) {
			return true
		}
	}
}

// Stopped is why the connection was stopped, or 0.
func (c *Conn) Stopped() Stop { return min(Stop(c.limit.Load()), 0) }

// Stop stops the connection, whatever it is doing.
func (c *Conn) Stop(why Stop) {
	for {
		old := c.limit.Load()
		if old < 0 || c.stop(old, why) {
			return
		}
	}
}

// stop stops the connection if its limit is still the one that the caller has seen.
func (c *Conn) stop(seen int64, why Stop) bool {
	if !c.limit.CompareAndSwap(seen, int64(why)) {
		return false
	}
	_ = c.net.SetDeadline(time.Unix(1, 0)) // an error means that it is closed
	return true
}

// Serves says that this client's connection waits for upstream (nil: for nothing any more): if the client leaves,
// upstream is stopped.
func (c *Conn) Serves(upstream *Conn) { c.serves.Store(upstream) }

// Cut stops a client's connection, and with it the upstream's that it waits for.
func (c *Conn) Cut(why Stop) {
	c.Stop(why)
	if upstream := c.serves.Load(); upstream != nil {
		upstream.Stop(ClientGone)
	}
}

// Close closes the connection.
func (c *Conn) Close() {
	c.ClearTimeout()
	c.watch.remove(c)
	if tcp := c.tcp(); c.aborted && tcp != nil {
		_ = tcp.SetLinger(0)
		_ = tcp.Close() // below TLS, whose closing would say that all is well
		return
	}
	_ = c.net.Close() // nothing can be done about it
}

// Abort stops the connection, and makes Close reset it: its end is not to look like the end of what it carried.
func (c *Conn) Abort() {
	c.aborted = true
	c.Stop(Unwanted)
}

// CloseWrite tells the peer that nothing more will come.
func (c *Conn) CloseWrite() {
	if c.aborted {
		return
	}
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // the peer is gone: it knows
	}
}

// BreakRead makes a Read that blocks return, and every one after it, until MendRead.
func (c *Conn) BreakRead() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) } // an error means that it is closed

// MendRead undoes BreakRead, but not a Stop.
func (c *Conn) MendRead() {
	_ = c.net.SetReadDeadline(time.Time{})
	if c.Stopped() != 0 {
		c.BreakRead()
	}
}

// Read reads what there is.
func (c *Conn) Read(p []byte) (int, error) { return c.net.Read(p) }

// awaitSlowly waits with room for one byte only.
func (c *Conn) awaitSlowly(pool *Pool) (*Buffer, error) {
	first := make([]byte, 1)
	n, err := c.net.Read(first)
	if n == 0 {
		return nil, err
	}
	b := pool.Get()
	b.Filled(copy(b.Free(), first))
	return b, nil
}

// writeSlowly writes what the peer's window had no room for.
func (c *Conn) writeSlowly(p []byte) (int, error) {
	if c.WriteTimeout > 0 {
		c.writes++
		c.writing.Store(c.WriteTimeout.Milliseconds()<<serialBits | c.writes&serialMask)
		defer c.writing.Store(0)
	}
	return c.net.Write(p)
}

// rawConn is the TCP connection's access to its descriptor, also below TLS; nil if there is none.
func (c *Conn) rawConn() (raw syscall.RawConn, direct bool) {
	if tcp := c.tcp(); tcp != nil {
		if raw, err := tcp.SyscallConn(); err == nil {
			return raw, c.net == net.Conn(tcp)
		}
	}
	return nil, false
}

// tcp is the TCP connection, also below TLS; nil if there is none.
func (c *Conn) tcp() *net.TCPConn {
	nc := c.net
	if below, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = below.NetConn()
	}
	tcp, _ := nc.(*net.TCPConn)
	return tcp
}
