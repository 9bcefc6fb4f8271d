package wire

import (
	"sync/atomic"
	"time"
)

// writes are those of one connection that have to wait for the peer.
type writes struct {
	blocked atomic.Int64 // a blockedWrite
	count   int64        // the writer's own
}

// blockedWrite is a write that waits for the peer: its timeout in milliseconds, and a serial number that tells it from
// the next one. 0 is none.
type blockedWrite int64

func (b blockedWrite) timeout() int64 { return int64(b >> serialBits) }

func (w *writes) begin(timeout time.Duration) {
	w.count++
	w.blocked.Store(timeout.Milliseconds()<<serialBits | w.count&serialMask)
}

func (w *writes) end() { w.blocked.Store(0) }

func (w *writes) current() blockedWrite { return blockedWrite(w.blocked.Load()) }

// giveUp ends the write, and reports false if it had ended already.
func (w *writes) giveUp(b blockedWrite) bool { return w.blocked.CompareAndSwap(int64(b), 0) }

const (
	// leastRate is how many bytes a second a peer has to take while it is waited for: within the write's timeout, as many as that
	// makes. A peer that takes a byte now and then would otherwise hold what it has not taken for as long as it likes.
	leastRate = 256
	// stallSteps is how many times a write that blocks is looked at within its timeout.
	stallSteps = 8
)

// stall is what the watch knows of a write that blocks. That a write takes long says nothing: the kernel wakes a writer
// only when a good part of its buffer has been taken. What the peer has taken says more.
type stall struct {
	write       blockedWrite
	since, next int64 // milliseconds: when the peer was last fast enough, and when to look again
	taken       uint64
}

// Taker is a connection without a descriptor that knows how many bytes its peer has taken.
type Taker interface{ Taken() uint64 }

// hasTaken is how many bytes the peer has taken so far, as far as that is known.
func (c *Conn) hasTaken() uint64 {
	if t, ok := c.net.(Taker); ok {
		return t.Taken()
	}
	return c.taken()
}

// stuck reports whether a write blocks, and for its timeout the peer has not taken what leastRate asks for.
func (c *Conn) stuck(now int64) bool {
	write := c.writes.current()
	return write != 0 && c.stall.lasts(write, now, c.hasTaken) && c.writes.giveUp(write)
}

// lasts reports whether the write has blocked for its timeout while the peer, which has taken so many bytes in all, was too slow.
func (s *stall) lasts(write blockedWrite, now int64, taken func() uint64) bool {
	timeout := write.timeout()
	if write != s.write {
		*s = stall{write, now, now + timeout/stallSteps, taken()}
		return false
	}
	if now < s.next {
		return false
	}
	s.next = now + timeout/stallSteps
	if all := taken(); all >= s.taken+uint64(max(1, timeout*leastRate/1000)) {
		s.taken, s.since = all, now
		return false
	}
	return now-s.since >= timeout
}

// AwaitSent waits until the peer has let the kernel send all that was written. It reports false if the connection was stopped: also
// by WriteTimeout, if the peer takes too little.
func (c *Conn) AwaitSent() bool {
	if c.unsent() == 0 {
		return true
	}
	if c.WriteTimeout > 0 {
		c.writes.begin(c.WriteTimeout)
		defer c.writes.end()
	}
	// The kernel reports room in its buffer, but not that the buffer is empty.
	for pause := sentFirst; c.unsent() > 0; pause = min(2*pause, sentLast) {
		if c.Stopped() != 0 {
			return false
		}
		time.Sleep(pause)
	}
	return c.Stopped() == 0
}

// Pauses of AwaitSent: the first, and the longest.
const (
	sentFirst = time.Millisecond
	sentLast  = 100 * time.Millisecond
)
