package forward

import (
	"sync"

	"tallygate/gateway/internal/wire"
)

// Sizes of blocks. The small ones are for when the budget has no memory for large ones: a stream goes on, but slowly.
const (
	blockBytes      = 64 << 10
	smallBlockBytes = 4 << 10
	framingBytes    = wire.ChunkHeadroom + wire.ChunkTailroom + len(wire.LastChunk)
)

// block is memory for streaming, with room for a chunk's framing and for the last chunk.
type block struct{ mem []byte }

func newBlock(bytes int) *block { return &block{make([]byte, framingBytes+bytes)} }

func (b *block) bytes() int { return len(b.mem) - framingBytes }

func (b *block) data() []byte { return b.mem[wire.ChunkHeadroom : wire.ChunkHeadroom+b.bytes()] }

// framed is the first n bytes of data as they are sent; last: the body, which has come from there, ends with them.
func (b *block) framed(n int, chunked, last bool, from *wire.Body) []byte {
	piece := b.data()[:n]
	if !chunked {
		return piece
	}
	if n > 0 {
		piece = wire.FrameChunk(b.mem, wire.ChunkHeadroom, wire.ChunkHeadroom+n)
	}
	if last {
		piece = from.AppendLastChunk(piece)
	}
	return piece
}

// blocks keeps blocks to be used again.
type blocks struct {
	large, small sync.Pool
	budget       *wire.Budget
}

func newBlocks(budget *wire.Budget) *blocks {
	return &blocks{
		large:  sync.Pool{New: func() any { return newBlock(blockBytes) }},
		small:  sync.Pool{New: func() any { return newBlock(smallBlockBytes) }},
		budget: budget,
	}
}

func (p *blocks) get() *block {
	if p.budget.SpendSpare(blockBytes) {
		return p.large.Get().(*block)
	}
	p.budget.Take(smallBlockBytes)
	return p.small.Get().(*block)
}

func (p *blocks) put(b *block) {
	p.budget.GiveBack(b.bytes())
	if b.bytes() == blockBytes {
		p.large.Put(b)
		return
	}
	p.small.Put(b)
}

// lentBlock is a block that is there only while it is needed. It implements wire.Memory.
type lentBlock struct {
	blocks *blocks
	*block
}

// Lend returns the block's data.
func (l *lentBlock) Lend() []byte {
	if l.block == nil {
		l.block = l.blocks.get()
	}
	return l.data()
}

// Return gives the block back.
func (l *lentBlock) Return() {
	if l.block != nil {
		l.blocks.put(l.block)
		l.block = nil
	}
}
