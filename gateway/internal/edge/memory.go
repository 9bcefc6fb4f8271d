package edge

import "tallygate/gateway/internal/wire"

// What a client is counted with in the budget, beside its buffers. deploy/test/gateway measures it.
const (
	connectionBytes    = 8 << 10
	tlsConnectionBytes = 24 << 10
	// http2Bytes is what a connection of HTTP/2 takes beside that: goroutines, tables, what is gathered to be written.
	http2Bytes = 24 << 10
	// streamBytes are the second connection and the second goroutine of a stream.
	streamBytes = 8 << 10
)

// weight is what the connection is counted with.
func (c *conn) weight() int {
	switch {
	case c.frames:
		return tlsConnectionBytes + http2Bytes
	case c.tls != nil:
		return tlsConnectionBytes
	}
	return connectionBytes
}

// makeRoom makes the buffer as large as the head and a short body together, and reports false if the budget has no memory
// for that.
func (k *call) makeRoom(length int) bool {
	c := k.conn
	if length <= len(c.buffer.Memory()) {
		return true
	}
	from := c.buffer.Bytes()
	if !c.server.buffers.Widen(c.buffer) {
		return false
	}
	k.request.Move(from, c.buffer.Bytes())
	return true
}

// Streams implements forward.Streamer. The head is kept in memory of just its size, which is counted, and the buffer's is
// given back.
func (k *call) Streams() error {
	s := k.conn.server
	if k.streaming > 0 {
		return nil
	}
	from := k.conn.buffer.Bytes()
	bytes := streamBytes + len(from) + k.request.OwnBytes()
	if !s.cfg.Budget.Spend(bytes) {
		return wire.ErrOverloaded
	}
	k.streaming = bytes
	k.conn.streams.Store(true)
	k.moved = append(k.moved[:0], from...)
	k.request.Move(from, k.moved)
	k.body.Move(from, k.moved)
	_, k.forwarded.Host = k.reachedBy()
	s.buffers.Vacate(k.conn.buffer)
	return nil
}
