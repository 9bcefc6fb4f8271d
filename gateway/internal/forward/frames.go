package forward

import "encoding/binary"

// Parts of a WebSocket frame (RFC 6455 section 5.2).
const (
	opcodeBits = 0x0f
	maskBit    = 0x80
	lengthBits = 0x7f
	length16   = 126
	length64   = 127

	opcodeClose     = 8
	policyViolation = 1008
)

// frames finds the borders between the WebSocket frames that a server sends. It looks at nothing but their lengths.
type frames struct {
	head    [10]byte
	have    int    // bytes of the head that have come
	left    uint64 // bytes of the payload that have not
	strange bool   // these are no frames of a server
	closing bool   // the server has sent a close frame: nothing may follow it
}

// take notes that p is sent on. If toBorder, it takes no more than the rest of the frame that has begun. It returns how
// many bytes it took.
func (f *frames) take(p []byte, toBorder bool) (n int) {
	for n < len(p) && !f.strange {
		if toBorder && f.atBorder() {
			return n
		}
		if f.left > 0 {
			piece := min(f.left, uint64(len(p)-n))
			f.left -= piece
			n += int(piece)
			continue
		}
		f.head[f.have] = p[n]
		f.have++
		n++
		f.readHead()
	}
	if toBorder {
		return n
	}
	return len(p)
}

// readHead looks whether the head is complete.
func (f *frames) readHead() {
	if f.have < 2 {
		return
	}
	opcode := f.head[0] & opcodeBits
	if f.head[1]&maskBit != 0 || opcode > 2 && opcode < opcodeClose || opcode > 10 {
		f.strange = true
		return
	}
	switch length := f.head[1] & lengthBits; {
	case length < length16:
		f.left = uint64(length)
	case length == length16 && f.have == 4:
		f.left = uint64(binary.BigEndian.Uint16(f.head[2:]))
	case length == length64 && f.have == 10:
		f.left = binary.BigEndian.Uint64(f.head[2:])
	default:
		return
	}
	f.have = 0
	f.closing = f.closing || opcode == opcodeClose
}

// atBorder reports whether all frames that have begun are complete.
func (f *frames) atBorder() bool { return f.have == 0 && f.left == 0 && !f.strange }

// appendClose appends a close frame of a server. The reason is at most 123 bytes long.
func appendClose(b []byte, code uint16, reason string) []byte {
	b = append(b, 0x80|opcodeClose, byte(2+len(reason)))
	b = binary.BigEndian.AppendUint16(b, code)
	return append(b, reason...)
}
