package wire

import (
	"errors"
	"io"
)

type bodyKind uint8

const (
	noBody bodyKind = iota
	byLength
	byChunks
	byClose
)

// Body reads one message's body from a connection. What comes after the body is not read, or is in Extra.
type Body struct {
	from   io.Reader
	early  []byte // came together with the head, not yet read
	kind   bodyKind
	left   int64
	chunks Chunked
	extra  []byte // came after the body's end: the next message
	done   bool
}

// Begin makes b the body that follows a head. early is what was read together with the head, and stays the
// caller's.
func (b *Body) Begin(from io.Reader, early []byte, framing Framing) {
	*b = Body{from: from, early: early}
	switch {
	case framing == ByChunks:
		b.kind = byChunks
	case framing == UntilClose:
		b.kind = byClose
	case framing <= 0:
		b.done, b.extra = true, early
	default:
		b.kind, b.left = byLength, int64(framing)
		if int64(len(early)) > b.left {
			b.early, b.extra = early[:framing], early[framing:]
		}
	}
}

// Done reports whether the body has been read to its end.
func (b *Body) Done() bool { return b.done }

// Extra is what came after the body, once it is done: a part of early, or a copy.
func (b *Body) Extra() []byte { return b.extra }

// Buffered returns the body if all of it came with the head and needs no decoding, and reports whether that is so.
func (b *Body) Buffered() ([]byte, bool) {
	if b.done {
		return nil, true
	}
	if b.kind == byLength && int64(len(b.early)) == b.left {
		return b.early, true
	}
	return nil, false
}

// Skip forgets the body after Buffered has returned it.
func (b *Body) Skip() { b.done, b.early, b.left = true, nil, 0 }

// Early is Read for what came with the head. It never blocks: where Read would, it returns 0 and no error.
func (b *Body) Early(p []byte) (int, error) { return b.read(p, false) }

// Read returns data of the body, and io.EOF at its end, perhaps together with the last data. A malformed chunk
// is ErrChunk, a body cut short is io.ErrUnexpectedEOF, other errors are the connection's.
func (b *Body) Read(p []byte) (int, error) { return b.read(p, true) }

func (b *Body) read(p []byte, block bool) (int, error) {
	for {
		if b.done {
			return 0, io.EOF
		}
		if !block && len(b.early) == 0 {
			return 0, nil
		}
		n, err := b.fill(p)
		if n == 0 && err != nil {
			if !errors.Is(err, io.EOF) {
				return 0, err
			}
			if b.kind == byClose {
				b.done = true
				return 0, io.EOF
			}
			return 0, io.ErrUnexpectedEOF
		}
		switch b.kind {
		case byLength:
			if b.left -= int64(n); b.left == 0 {
				b.done = true
				return n, io.EOF
			}
		case byChunks:
			wrote, took, done, err := b.chunks.Decode(p, p[:n])
			if err != nil {
				return wrote, err
			}
			if done {
				b.done = true
				if took < n || len(b.early) > 0 {
					// A copy: p may be another request's memory before the next message is looked at.
					b.extra = append(append([]byte(nil), p[took:n]...), b.early...)
				}
				return wrote, io.EOF
			}
			if wrote == 0 {
				continue // only framing so far
			}
			n = wrote
		}
		return n, nil
	}
}

// fill gets raw bytes, first those that came early.
func (b *Body) fill(p []byte) (int, error) {
	if b.kind == byLength && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	if len(b.early) > 0 {
		n := copy(p, b.early)
		b.early = b.early[n:]
		return n, nil
	}
	return b.from.Read(p)
}
