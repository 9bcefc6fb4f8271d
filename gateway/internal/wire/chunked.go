package wire

// Bounds of what a chunked body may hold besides its data.
const (
	maxSizeDigits     = 15       // 2^60-1, more than any body
	maxExtensionBytes = 4 << 10  // of one body, all chunks together
	maxTrailerBytes   = 16 << 10 // dropped: see Chunked
)

type chunkState uint8

const (
	atSize chunkState = iota
	inSize
	inSpace
	inExtension
	atSizeLF
	inData
	atDataCR
	atDataLF
	atTrailer
	inTrailerName
	inTrailerValue
	atTrailerLF
	atLastLF
	atEnd
)

// Chunked decodes a chunked body (RFC 9112 section 7.1). Lines end with CRLF and nothing else; sizes are hexadecimal
// digits and nothing else, except for white space before an extension. Extensions are checked and dropped, and so are trailer fields unless
// they are kept: a proxy may do that (section 7.1.2), and then no upstream takes a trailer for a header field. The zero value is at the beginning of a body.
type Chunked struct {
	// KeepTrailers has the trailer fields kept.
	KeepTrailers bool
	// Padded allows white space after a chunk's size, with which some servers fill it up to a fixed width.
	Padded bool

	state      chunkState
	digits     int
	left       int64 // of the chunk's data
	extensions int
	trailers   int
	kept       []byte
}

// Decode takes raw bytes from src and puts data into dst, which is at least as long, and may be the same memory. It
// returns how many bytes it wrote and took, and whether the body has ended.
func (c *Chunked) Decode(dst, src []byte) (wrote, took int, done bool, err error) {
	for took < len(src) {
		if c.state == inData {
			n := int(min(c.left, int64(len(src)-took)))
			copy(dst[wrote:], src[took:took+n])
			wrote, took = wrote+n, took+n
			if c.left -= int64(n); c.left == 0 {
				c.state = atDataCR
			}
			continue
		}
		if !c.step(src[took]) {
			return wrote, took, false, ErrChunk
		}
		took++
		if c.state == atEnd {
			return wrote, took, true, nil
		}
	}
	return wrote, took, false, nil
}

// step takes one byte that is not data, and reports whether it may stand there.
func (c *Chunked) step(b byte) bool {
	switch c.state {
	case atSize, inSize, inSpace:
		return c.size(b)
	case inExtension:
		c.extensions++
		if b == '\r' {
			c.state = atSizeLF
			return true
		}
		return c.extensions <= maxExtensionBytes && (b >= 0x20 || b == '\t') && b != 0x7f
	case atSizeLF:
		if c.state = inData; c.left == 0 {
			c.state = atTrailer
		}
		return b == '\n'
	case atDataCR:
		c.state = atDataLF
		return b == '\r'
	case atDataLF:
		c.state, c.digits = atSize, 0
		return b == '\n'
	}
	return c.trailer(b)
}

func (c *Chunked) size(b byte) bool {
	switch {
	case class[b]&isHex != 0:
		if c.state == inSpace {
			return false
		}
		c.state = inSize
		c.left = c.left<<4 | int64(hexValue(b))
		c.digits++
		return c.digits <= maxSizeDigits
	case c.state == atSize:
		return false
	case b == '\r':
		padded := c.state == inSpace
		c.state = atSizeLF
		return !padded || c.Padded
	case b == ';':
		c.state = inExtension
		return true
	case b == ' ' || b == '\t':
		c.state = inSpace
		c.extensions++
		return c.extensions <= maxExtensionBytes
	}
	return false
}

func (c *Chunked) trailer(b byte) bool {
	if c.trailers++; c.trailers > maxTrailerBytes {
		return false
	}
	if c.KeepTrailers {
		c.kept = append(c.kept, b)
	}
	switch c.state {
	case atTrailer:
		if b == '\r' {
			c.state = atLastLF
			return true
		}
		c.state = inTrailerName
		return class[b]&isToken != 0
	case inTrailerName:
		if b == ':' {
			c.state = inTrailerValue
			return true
		}
		return class[b]&isToken != 0
	case inTrailerValue:
		if b == '\r' {
			c.state = atTrailerLF
			return true
		}
		return (b >= 0x20 || b == '\t') && b != 0x7f
	case atTrailerLF:
		c.state = atTrailer
		return b == '\n'
	case atLastLF:
		c.state = atEnd
		return b == '\n'
	}
	return false
}

// The room that a chunk needs for its size before the data, and for the CRLF after them.
const (
	ChunkHeadroom = 10
	ChunkTailroom = 2
)

// LastChunk ends a chunked body that has no trailer fields.
const LastChunk = "0\r\n\r\n"

// FrameChunk makes a chunk of buf[from:to], which is not empty, in place, and returns it. There must be ChunkHeadroom
// before it and ChunkTailroom after it.
func FrameChunk(buf []byte, from, to int) []byte {
	const digits = "0123456789abcdef"
	size := to - from
	at := from - 2
	buf[at], buf[at+1] = '\r', '\n'
	for {
		at--
		buf[at] = digits[size&15]
		if size >>= 4; size == 0 {
			break
		}
	}
	buf[to], buf[to+1] = '\r', '\n'
	return buf[at : to+2]
}
