package wire

import (
	"runtime"
	"sync/atomic"
)

// probe finds out whether a client whose sending direction has ended is still there. One that has closed its connection and one
// that has only nothing more to say look alike: an end comes from both. But if something is sent to it, the kernel of the first
// one answers with a reset. So the watch sends the client the next byte that it gets in any case. docs/adr/0024-half-closed-clients.md
// says more.
type probe struct {
	// state says who writes. It leaves noProbe, and goes back to it, only by the owner's doing.
	state atomic.Int32
	// sent is how much of what comes next has been sent. It is the watch's while the state is probing, and the owner's otherwise.
	sent int
	// For the watch only: when the next byte may be sent, and how long after the one before, in milliseconds.
	next, pause int64
}

// States of a probe.
const (
	noProbe int32 = iota // what comes next is not known
	byHead               // a response's head comes next
	byChunk              // a chunk comes next
	probing              // the watch is writing
)

const (
	// everyHead is how every head begins.
	everyHead = http11 + " "
	// mostZeros is how many zeros are put before the size of one chunk: any number may be (RFC 9112 section 7.1).
	mostZeros = 8
)

// Pauses between the bytes of a probe, in milliseconds: the first, and the longest.
const (
	firstPause = 1_000
	lastPause  = 16_000
)

// AwaitsHead notes that the next bytes that are written to this client will be the head of a response.
func (c *Conn) AwaitsHead() { c.probe.open(byHead) }

// AwaitsChunk notes that the next bytes will be a chunk, or the last chunk.
func (c *Conn) AwaitsChunk() { c.probe.open(byChunk) }

// open does nothing if the watch may write already.
func (p *probe) open(state int32) {
	if p.state.Load() == noProbe {
		p.state.Store(state)
	}
}

// close makes the owner alone write. It returns what came next, and how much of that has been sent.
func (p *probe) close() (state int32, sent int) {
	for {
		state = p.state.Load()
		if state == noProbe || state != probing && p.state.CompareAndSwap(state, noProbe) {
			break
		}
		runtime.Gosched() // the watch writes one byte, and does not wait for room
	}
	sent, p.sent = p.sent, 0
	return state, sent
}

// Write writes all of p, but for what the watch has written of it.
func (c *Conn) Write(p []byte) (int, error) {
	if c.probe.state.Load() == noProbe {
		return c.write(p)
	}
	state, sent := c.probe.close()
	if state == byChunk {
		sent = 0 // zeros
	}
	n, err := c.write(p[sent:])
	return sent + n, err
}

// Unfinished reports whether a part of a chunk's size has been written. The end of the connection must not make it the last chunk's.
func (c *Conn) Unfinished() bool {
	state, sent := c.probe.close()
	return state == byChunk && sent > 0
}

// take is the next byte for the client; false if there is none to be sent now. put has to follow.
func (p *probe) take(now int64) (next byte, state int32, ok bool) {
	state = p.state.Load()
	if now < p.next || state != byHead && state != byChunk || !p.state.CompareAndSwap(state, probing) {
		return 0, state, false
	}
	switch {
	case state == byHead && p.sent < len(everyHead):
		return everyHead[p.sent], state, true
	case state == byChunk && p.sent < mostZeros:
		return '0', state, true
	}
	p.state.Store(state)
	return 0, state, false
}

// put ends what take began.
func (p *probe) put(state int32, now int64, sent bool) {
	if sent {
		p.sent++
		p.pause = min(max(2*p.pause, firstPause), lastPause)
		p.next = now + p.pause
	}
	p.state.Store(state)
}
