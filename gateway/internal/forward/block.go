package forward

import "tallygate/gateway/internal/wire"

const blockBytes = 64 << 10

// block is memory for streaming, with room for a chunk's framing and for the last chunk.
type block struct {
	mem [wire.ChunkHeadroom + blockBytes + wire.ChunkTailroom + len(wire.LastChunk)]byte
}

func (b *block) data() []byte { return b.mem[wire.ChunkHeadroom : wire.ChunkHeadroom+blockBytes] }

// framed is the first n bytes of data as they are sent; last: the body ends with them.
func (b *block) framed(n int, chunked, last bool) []byte {
	piece := b.data()[:n]
	if !chunked {
		return piece
	}
	if n > 0 {
		piece = wire.FrameChunk(b.mem[:], wire.ChunkHeadroom, wire.ChunkHeadroom+n)
	}
	if last {
		piece = append(piece, wire.LastChunk...)
	}
	return piece
}
