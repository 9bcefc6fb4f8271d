package wire

import "sync/atomic"

// deadline says until when one use of a connection may last, or that the connection was stopped. It is one integer, so
// that the owner, the watch and whoever stops the connection can agree by a single compare-and-swap:
//
//	stopped:   a Stop, which is negative
//	otherwise: milliseconds of the watch's clock, 0 for no deadline | 1 bit: idle | 19 bits: serial
//
// The serial number tells one use of a connection from the next: what was decided about one never reaches another.
type deadline int64

const (
	serialBits = 20
	idleBit    = 1 << (serialBits - 1)
	serialMask = idleBit - 1
)

// deadlineAt is a deadline at a time of the watch's clock, which is after its first millisecond.
func deadlineAt(ms int64) deadline { return deadline(ms << serialBits) }

// whileIdle is the same deadline for a connection on which the next message is awaited.
func (d deadline) whileIdle() deadline { return d | idleBit }

// following is the same deadline for the use that follows the one with the deadline before.
func (d deadline) following(before deadline) deadline { return d | (before+1)&serialMask }

// stopped is why the connection was stopped, or 0.
func (d deadline) stopped() Stop { return Stop(min(d, 0)) }

// isSet reports whether there is a deadline.
func (d deadline) isSet() bool { return d>>serialBits > 0 }

// isIdle reports whether there is a deadline for an idle connection.
func (d deadline) isIdle() bool { return d.isSet() && d&idleBit != 0 }

// passed reports whether there is a deadline, and it is over.
func (d deadline) passed(now int64) bool { return d.isSet() && int64(d>>serialBits) <= now }

// currentDeadline is the deadline of a connection's present use. It may be changed by several goroutines. A connection
// that was stopped stays stopped.
type currentDeadline struct{ value atomic.Int64 }

func (c *currentDeadline) load() deadline { return deadline(c.value.Load()) }

func (c *currentDeadline) swap(old, next deadline) bool {
	return c.value.CompareAndSwap(int64(old), int64(next))
}

// set begins another use with the deadline. It reports false if the connection was stopped.
func (c *currentDeadline) set(next deadline) bool {
	for {
		old := c.load()
		if old.stopped() != 0 {
			return false
		}
		if c.swap(old, next.following(old)) {
			return true
		}
	}
}

// renew is set where there is a deadline already.
func (c *currentDeadline) renew(next deadline) {
	for {
		old := c.load()
		if !old.isSet() || c.swap(old, next.following(old)) {
			return
		}
	}
}

// stop stops the use with the deadline seen, and reports whether that was still the present one.
func (c *currentDeadline) stop(seen deadline, why Stop) bool { return c.swap(seen, deadline(why)) }
