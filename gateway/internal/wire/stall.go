package wire

// A write that is stuck is looked at this many times within its limit.
const stallSteps = 8

// stall is what the watch knows of a write that blocks. That a write takes long says nothing: the kernel wakes a writer
// only when a third of its buffer, which may be megabytes, has been taken. What the peer has not taken yet says more.
type stall struct {
	writing     int64 // which write
	since, next int64 // milliseconds: when something moved, and when to look again
	untaken     int
}

// stuck reports whether the write that goes on, if one does, has come to its limit without the peer taking a byte.
func (c *Conn) stuck(now int64) bool {
	writing := c.writing.Load()
	if writing == 0 {
		return false
	}
	s, limit := &c.stall, writing>>serialBits
	if writing != s.writing {
		*s = stall{writing, now, now + limit/stallSteps, -1}
		return false
	}
	if now < s.next {
		return false
	}
	s.next = now + limit/stallSteps
	// More than before is movement too: the writer has found room.
	if untaken := c.untaken(); untaken != s.untaken {
		s.untaken, s.since = untaken, now
		return false
	}
	return now-s.since >= limit && c.writing.CompareAndSwap(writing, 0)
}
