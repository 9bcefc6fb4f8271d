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

// A write that is stuck is looked at this many times within its timeout.
const stallSteps = 8

// stall is what the watch knows of a write that blocks. That a write takes long says nothing: the kernel wakes a writer
// only when a third of its buffer, which may be megabytes, has been taken. What the peer has not taken yet says more.
type stall struct {
	write       blockedWrite
	since, next int64 // milliseconds: when something moved, and when to look again
	untaken     int
}

// stuck reports whether a write blocks and its timeout has passed without the peer taking a byte.
func (c *Conn) stuck(now int64) bool {
	write := c.writes.current()
	if write == 0 {
		return false
	}
	s, timeout := &c.stall, write.timeout()
	if write != s.write {
		*s = stall{write, now, now + timeout/stallSteps, -1}
		return false
	}
	if now < s.next {
		return false
	}
	s.next = now + timeout/stallSteps
	// More bytes than before are movement too: the writer has found room.
	if untaken := c.untaken(); untaken != s.untaken {
		s.untaken, s.since = untaken, now
		return false
	}
	return now-s.since >= timeout && c.writes.giveUp(write)
}
