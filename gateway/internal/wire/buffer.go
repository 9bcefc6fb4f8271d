package wire

import "sync"

// bufferBytes is the size of an ordinary buffer: a head with a large token fits, and so does a small response.
const bufferBytes = 16 << 10

// Buffer is memory that is taken for a request and given back after it. Bytes are what has been read and not yet used.
type Buffer struct {
	mem      []byte
	from, to int
}

// Pool keeps buffers to be used again.
type Pool struct{ buffers sync.Pool }

// NewPool returns an empty pool.
func NewPool() *Pool {
	return &Pool{sync.Pool{New: func() any { return &Buffer{mem: make([]byte, bufferBytes)} }}}
}

// Get returns an empty buffer.
func (p *Pool) Get() *Buffer { return p.buffers.Get().(*Buffer) }

// Put takes a buffer back. Nobody may use it or its bytes any more. A buffer that has grown is left to the
// collector.
func (p *Pool) Put(b *Buffer) {
	if len(b.mem) == bufferBytes {
		b.from, b.to = 0, 0
		p.buffers.Put(b)
	}
}

// Bytes is what has been read and not yet used.
func (b *Buffer) Bytes() []byte { return b.mem[b.from:b.to] }

// Free is the memory after Bytes.
func (b *Buffer) Free() []byte { return b.mem[b.to:] }

// Memory is the whole of it, whatever it holds.
func (b *Buffer) Memory() []byte { return b.mem }

// Filled notes that n bytes of Free have been written.
func (b *Buffer) Filled(n int) { b.to += n }

// Take uses the first n bytes of Bytes.
func (b *Buffer) Take(n int) {
	if b.from += n; b.from == b.to {
		b.from, b.to = 0, 0
	}
}

// Reset makes b hold exactly these bytes, which may be its own.
func (b *Buffer) Reset(bytes []byte) {
	if len(bytes) > len(b.mem) {
		b.mem = append([]byte(nil), bytes...)
		b.from, b.to = 0, len(bytes)
		return
	}
	b.from, b.to = 0, copy(b.mem, bytes)
}

// Room makes Free non-empty: by moving Bytes to the front, then by growing up to MaxHeadBytes. It reports false when
// that is reached. Slices of the buffer that were taken before are no longer valid.
func (b *Buffer) Room() bool {
	if b.to < len(b.mem) {
		return true
	}
	if b.from > 0 {
		b.Reset(b.Bytes())
		return true
	}
	if len(b.mem) >= MaxHeadBytes {
		return false
	}
	mem := make([]byte, MaxHeadBytes)
	copy(mem, b.mem)
	b.mem = mem
	return true
}
