package wire

import "sync"

// Sizes of buffers. Most heads fit into the first. The second takes a head with a large token, a short body, or a short
// response. No other buffer is kept.
const (
	smallBytes = 4 << 10
	largeBytes = 16 << 10
)

// ShortBytes is how long a head and its body together may be to be held in one buffer.
const ShortBytes = largeBytes

// Buffer is memory that is taken for a message and given back after it. Bytes are what has been read and not yet used.
type Buffer struct {
	mem      []byte
	from, to int
}

// Pool keeps buffers to be used again. Its methods may be called by many goroutines.
type Pool struct {
	first        int // size of the buffers that Get returns
	most         int // size up to which Room makes them grow
	small, large sync.Pool
	budget       *Budget
}

// NewPool returns an empty pool of buffers for requests. Their memory is counted in the budget, if there is one.
func NewPool(b *Budget) *Pool { return NewHeadPool(b, MaxHeadBytes) }

// NewHeadPool is NewPool for heads that have another bound.
func NewHeadPool(b *Budget, maxHeadBytes int) *Pool { return newPool(smallBytes, maxHeadBytes, b) }

// NewLargePool returns an empty pool of buffers for responses.
func NewLargePool(b *Budget) *Pool { return newPool(largeBytes, MaxHeadBytes, b) }

func newPool(first, most int, b *Budget) *Pool {
	return &Pool{
		first: first, most: max(most, largeBytes), budget: b,
		small: sync.Pool{New: func() any { return &Buffer{mem: make([]byte, smallBytes)} }},
		large: sync.Pool{New: func() any { return &Buffer{mem: make([]byte, largeBytes)} }},
	}
}

// Get returns an empty buffer.
func (p *Pool) Get() *Buffer {
	p.budget.Take(p.first)
	return p.of(p.first).Get().(*Buffer)
}

// of is where the buffers of a size are kept; nil if none are.
func (p *Pool) of(size int) *sync.Pool {
	switch size {
	case smallBytes:
		return &p.small
	case largeBytes:
		return &p.large
	}
	return nil
}

// Put takes a buffer back. Nobody may use it or its bytes any more.
func (p *Pool) Put(b *Buffer) {
	p.budget.GiveBack(len(b.mem))
	if kept := p.of(len(b.mem)); kept != nil {
		b.from, b.to = 0, 0
		kept.Put(b)
	}
}

// Vacate takes back the memory of a buffer, which is then empty and has no room. The buffer stays its owner's.
func (p *Pool) Vacate(b *Buffer) {
	p.Put(&Buffer{mem: b.mem})
	*b = Buffer{}
}

// Widen makes b a large buffer if it is a small one and the budget allows it, and reports whether it did. Slices of the
// buffer that were taken before are no longer valid.
func (p *Pool) Widen(b *Buffer) bool {
	if len(b.mem) != smallBytes || !p.budget.Spend(largeBytes-smallBytes) {
		return false
	}
	wide := p.large.Get().(*Buffer)
	n := copy(wide.mem, b.Bytes())
	b.mem, wide.mem = wide.mem, b.mem
	b.from, b.to = 0, n
	wide.from, wide.to = 0, 0
	p.small.Put(wide)
	return true
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

// front moves Bytes to the front.
func (b *Buffer) front() { b.from, b.to = 0, copy(b.mem, b.Bytes()) }

// Hold makes b hold exactly these bytes, which may be its own. Memory that it has to take for them is of a size that can grow
// as that of Get can, unless they are longer than any that is kept.
func (p *Pool) Hold(b *Buffer, bytes []byte) {
	if len(bytes) > len(b.mem) {
		p.Vacate(b)
		p.fit(b, len(bytes))
	}
	b.from, b.to = 0, copy(b.mem, bytes)
}

// fit gives b, which has no memory, the smallest that takes so many bytes.
func (p *Pool) fit(b *Buffer, bytes int) {
	size := bytes
	switch {
	case bytes <= smallBytes:
		size = smallBytes
	case bytes <= largeBytes:
		size = largeBytes
	}
	p.budget.Take(size)
	if kept := p.of(size); kept != nil {
		*b = *kept.Get().(*Buffer)
		return
	}
	b.mem = make([]byte, bytes)
}

// Room makes b.Free non-empty: by moving Bytes to the front, then by growing up to the bound of heads. It returns
// ErrHeadTooLarge when that is reached, and ErrOverloaded if the budget does not allow it. Slices of the buffer that were
// taken before are no longer valid.
func (p *Pool) Room(b *Buffer) error {
	if b.to < len(b.mem) {
		return nil
	}
	if b.from > 0 {
		b.front()
		return nil
	}
	if len(b.mem) >= p.most {
		return ErrHeadTooLarge
	}
	if !p.grow(b) {
		return ErrOverloaded
	}
	return nil
}

// grow gives b the next larger memory, and reports false if the budget does not allow it.
func (p *Pool) grow(b *Buffer) bool {
	if len(b.mem) == smallBytes {
		return p.Widen(b)
	}
	size := min(2*len(b.mem), p.most)
	if !p.budget.Spend(size - len(b.mem)) {
		return false
	}
	mem := make([]byte, size)
	b.to = copy(mem, b.Bytes())
	b.mem, b.from = mem, 0
	return true
}
