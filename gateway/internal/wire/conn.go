package wire

import (
	"io"
	"net"
	"sync/atomic"
	"syscall"
	"time"
)

// Stop is why a connection was stopped from outside; 0 if it was not.
type Stop int64

// The reasons.
const (
	TimedOut   Stop = -1 - iota // a timeout has passed
	ClientGone                  // nobody waits for what it carries
	Ejected                     // the replica was found dead
	Draining                    // the gateway stops
	Unwanted                    // what is still to come on it is not needed
	Evicted                     // it rested, and made room for another one
)

// Conn is a connection to a client or to an upstream. One goroutine owns it: it reads, writes, sets timeouts and closes.
// Others may stop it: a call that blocks then returns an error, and Stopped says why.
//
// The Watch asks the kernel whether a client is gone, but only while nobody reads its connection: while it is idle
// (SetIdleTimeout), and while it waits for an upstream's connection (Serves). It does not ask about an upstream: an
// upstream may close its connection long before all that it sent has been read.
type Conn struct {
	net     net.Conn
	fd      int // -1 if it is not to be used directly
	pollFD  int // -1 if the kernel cannot be asked about it
	watch   *Watch
	slot    int  // of the watch's
	watched bool // the watch's

	aborted  bool
	neglects atomic.Bool // the peer has had its time, and may not have taken all: see Close

	deadline currentDeadline
	serves   atomic.Pointer[Conn] // the upstream's connection that this client's waits for
	probe    probe

	// WriteTimeout, if set, bounds how long a write may block while the peer takes less than leastRate. It does not bound reads, and
	// SetTimeout does not bound writes while it is set: the two directions may belong to two goroutines.
	WriteTimeout time.Duration
	writes       writes

	// For the watch only: the deadline that it saw at its last look, and the idle deadline for which it has asked the kernel.
	seen, polled deadline
	stall        stall

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

// SetTimeout stops the connection in d from now, unless the timeout is set again or cleared before. It replaces the one
// before.
func (c *Conn) SetTimeout(d time.Duration) { c.deadline.set(c.in(d)) }

// SetIdleTimeout is SetTimeout for a client's connection that waits for the next message: it is also stopped if the
// client goes.
func (c *Conn) SetIdleTimeout(d time.Duration) { c.deadline.set(c.in(d).whileIdle()) }

// RenewTimeout is SetTimeout if there is a timeout, and does nothing otherwise. With it, a goroutine that makes progress
// gives more time to another one that waits.
func (c *Conn) RenewTimeout(d time.Duration) { c.deadline.renew(c.in(d)) }

// ClearTimeout removes the timeout. It reports false if the connection was stopped: then it cannot be used any more.
func (c *Conn) ClearTimeout() bool { return c.deadline.set(0) }

// in is the deadline in d from now, rounded up.
func (c *Conn) in(d time.Duration) deadline {
	return deadlineAt(c.watch.Now() + int64(d/time.Millisecond) + 1)
}

// Stopped is why the connection was stopped, or 0.
func (c *Conn) Stopped() Stop { return c.deadline.load().stopped() }

// Stop stops the connection, whatever it is doing.
func (c *Conn) Stop(why Stop) {
	for {
		d := c.deadline.load()
		if d.stopped() != 0 || c.stop(d, why) {
			return
		}
	}
}

// stop stops the connection if its deadline is still the one that the caller has seen.
func (c *Conn) stop(seen deadline, why Stop) bool {
	if !c.deadline.stop(seen, why) {
		return false
	}
	_ = c.net.SetDeadline(time.Unix(1, 0)) // an error means that it is closed
	return true
}

// Revive undoes a timeout, so that a last response can be written. It reports false if the connection was stopped for another
// reason.
func (c *Conn) Revive() bool {
	if !c.deadline.swap(deadline(TimedOut), 0) {
		return c.Stopped() == 0
	}
	_ = c.net.SetDeadline(time.Time{}) // an error means that it is closed
	return true
}

// Clock is the time of the connection's watch, in milliseconds.
func (c *Conn) Clock() int64 { return c.watch.Now() }

// Serves notes that this client's connection waits for upstream (nil: for nothing any more), and that a head comes next. If the
// client is gone, upstream is stopped. One that has only ended its sending direction is not gone.
func (c *Conn) Serves(upstream *Conn) {
	if c.serves.Store(upstream); upstream != nil {
		c.AwaitsHead()
	}
}

// Cut stops a client's connection, and the upstream's connection that it waits for.
func (c *Conn) Cut(why Stop) {
	c.Stop(why)
	c.stopServed()
}

// BreakOff makes whatever this client's connection is used for fail, but does not stop it: the client can still be told.
// Reads fail until AllowReads, and the upstream's connection that it waits for is stopped.
func (c *Conn) BreakOff() {
	c.InterruptReads()
	c.stopServed()
}

// stopServed stops the upstream's connection that this client's waits for, but not if it has gone over to another client.
func (c *Conn) stopServed() {
	for {
		upstream := c.serves.Load()
		if upstream == nil {
			return
		}
		seen := upstream.deadline.load()
		if seen.stopped() != 0 {
			return
		}
		// Once it serves another client, it has another deadline, and is not stopped.
		if c.serves.Load() == upstream && upstream.stop(seen, ClientGone) {
			return
		}
	}
}

// Close closes the connection.
func (c *Conn) Close() {
	c.ClearTimeout()
	c.watch.remove(c)
	// A peer that has not taken what it got for so long will not take it after a Close either; a reset frees the kernel's memory.
	abort := c.aborted || c.Stopped() == TimedOut && c.neglects.Load() && c.untaken() > 0
	if tcp := c.tcp(); abort && tcp != nil {
		_ = tcp.SetLinger(0)
		_ = tcp.Close() // below TLS: its close_notify would say that the message is whole
		return
	}
	_ = c.net.Close() // nothing can be done about it
}

// Abort stops the connection, and makes Close reset it: the peer must not take its end for the end of the message.
func (c *Conn) Abort() {
	c.aborted = true
	c.Stop(Unwanted)
}

// CloseWrite ends the direction to the peer: nothing more will come.
func (c *Conn) CloseWrite() {
	if c.aborted {
		return
	}
	if half, ok := c.net.(interface{ CloseWrite() error }); ok {
		_ = half.CloseWrite() // an error means that the peer is gone
	}
}

// RefuseTLS responds to a client that does not speak TLS, below TLS, and takes up to so many bytes of what it still sends: the kernel
// resets a connection that is closed before, and the client may then lose the response.
func (c *Conn) RefuseTLS(response []byte, most int) {
	tcp := c.tcp()
	if tcp == nil {
		return
	}
	if _, err := tcp.Write(response); err != nil || tcp.CloseWrite() != nil {
		return
	}
	_, _ = io.CopyN(io.Discard, tcp, int64(most)) // it ends when the client closes, or with the timeout
}

// InterruptReads makes a Read that blocks return, and every one after it, until AllowReads.
func (c *Conn) InterruptReads() { _ = c.net.SetReadDeadline(time.Unix(1, 0)) } // an error means that it is closed

// AllowReads undoes InterruptReads, but not a Stop.
func (c *Conn) AllowReads() {
	_ = c.net.SetReadDeadline(time.Time{})
	if c.Stopped() != 0 {
		c.InterruptReads()
	}
}

// Read reads what has come, or waits for it.
func (c *Conn) Read(p []byte) (int, error) {
	n, err := c.net.Read(p)
	c.direct.came(n)
	return n, err
}

// awaitSlowly waits with memory for one byte only.
func (c *Conn) awaitSlowly(pool *Pool) (*Buffer, error) {
	first := make([]byte, 1)
	n, err := c.Read(first)
	if n == 0 {
		return nil, err
	}
	b := pool.Get()
	b.Filled(copy(b.Free(), first))
	return b, nil
}

// writeSlowly writes through package net, which waits until the kernel has room.
func (c *Conn) writeSlowly(p []byte) (int, error) {
	if c.WriteTimeout > 0 {
		c.writes.begin(c.WriteTimeout)
		defer c.writes.end()
	}
	return c.net.Write(p)
}

// rawConn is the access to the descriptor of the TCP connection, also below TLS, or of the Unix socket; nil if there is none.
func (c *Conn) rawConn() (raw syscall.RawConn, direct bool) {
	var socket syscall.Conn
	if tcp := c.tcp(); tcp != nil {
		socket, direct = tcp, c.net == net.Conn(tcp)
	} else if socket, direct = c.net.(*net.UnixConn); !direct {
		return nil, false
	}
	raw, err := socket.SyscallConn()
	if err != nil {
		return nil, false
	}
	return raw, direct
}

// tcp is the TCP connection, also below TLS; nil if there is none.
func (c *Conn) tcp() *net.TCPConn {
	nc := c.net
	if below, ok := nc.(interface{ NetConn() net.Conn }); ok {
		nc = below.NetConn()
	}
	if below, ok := nc.(interface{ tcp() *net.TCPConn }); ok {
		return below.tcp()
	}
	tcp, _ := nc.(*net.TCPConn)
	return tcp
}
