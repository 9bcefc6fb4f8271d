package wire

import (
	"bytes"
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
	from   Source
	early  []byte // came together with the head, not yet read
	kind   bodyKind
	left   int64
	chunks Chunked
	extra  []byte // came after the body's end: the next message
	done   bool
	memory Memory // of the Fetch under way
}

// Source is what a body is read from. A Conn is one.
type Source interface {
	// Fetch reads into memory what has come, or waits for it without the memory.
	Fetch(memory Memory) (int, error)
}

// Begin makes b the body that follows a head. early is what was read together with the head, and stays the
// caller's.
func (b *Body) Begin(from Source, early []byte, framing Framing) {
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

// BeginResponse is Begin for a response, whose chunks need not be as strict.
func (b *Body) BeginResponse(from Source, early []byte, framing Framing) {
	b.Begin(from, early, framing)
	b.chunks.Padded = true
}

// KeepTrailers has the fields after a chunked body kept, for AppendLastChunk.
func (b *Body) KeepTrailers() { b.chunks.KeepTrailers = true }

// AppendLastChunk appends the end of a chunked body, once all of it is done, with the trailer fields that were kept. Those that mean
// something to proxies are left out: none of them may come so late (RFC 9110 section 6.5.1).
func (b *Body) AppendLastChunk(to []byte) []byte {
	if len(b.chunks.kept) == 0 {
		return append(to, LastChunk...)
	}
	to = append(to, "0\r\n"...)
	for line := range bytes.SplitSeq(b.chunks.kept, []byte("\r\n")) {
		name, _, ok := bytes.Cut(line, []byte(":"))
		if !ok || len(name) > maxNameBytes || span(name, 0, isPlain) != len(name) {
			continue
		}
		if kind, _ := kindOf(name); kind == Other {
			to = append(append(to, line...), "\r\n"...)
		}
	}
	return append(to, "\r\n"...)
}

// Move makes what came early point into to, a copy of from.
func (b *Body) Move(from, to []byte) {
	b.early, b.extra = moved(b.early, from, to), moved(b.extra, from, to)
}

// Pending reports whether some of what came early has not been read.
func (b *Body) Pending() bool { return len(b.early) > 0 }

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

// Early is Fetch for what came with the head. It never waits: where Fetch would, it returns 0 and no error.
func (b *Body) Early(memory Memory) (int, error) { return b.fetch(memory, false) }

// Fetch reads data of the body into memory, and returns io.EOF at its end, perhaps together with the last data. While it
// waits, it does not hold the memory. A malformed chunk is ErrChunk, a body cut short is io.ErrUnexpectedEOF, other errors are
// the connection's.
func (b *Body) Fetch(memory Memory) (int, error) { return b.fetch(memory, true) }

func (b *Body) fetch(memory Memory, block bool) (int, error) {
	b.memory = memory
	n, err := b.read(block)
	b.memory = nil
	return n, err
}

// Lend and Return make a Body the Memory of its connection's Fetch, which must not read beyond the body.
func (b *Body) Lend() []byte {
	p := b.memory.Lend()
	if b.kind == byLength && int64(len(p)) > b.left {
		p = p[:b.left]
	}
	return p
}

// Return takes the memory back.
func (b *Body) Return() { b.memory.Return() }

func (b *Body) read(block bool) (int, error) {
	for {
		if b.done {
			return 0, io.EOF
		}
		if !block && len(b.early) == 0 {
			return 0, nil
		}
		n, err := b.fill()
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
			p := b.memory.Lend() // what fill has filled
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
func (b *Body) fill() (int, error) {
	if len(b.early) > 0 {
		n := copy(b.Lend(), b.early)
		b.early = b.early[n:]
		return n, nil
	}
	return b.from.Fetch(b)
}
