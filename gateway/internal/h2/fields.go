package h2

import (
	"golang.org/x/net/http2"
	"golang.org/x/net/http2/hpack"
)

// malformedField is a field with an upper-case name, as a literal that is not indexed. A head that has one is malformed: package http2
// resets the stream with PROTOCOL_ERROR, after it has read the head for its table.
const malformedField = "\x00\x01A\x00"

// connectionNames are the names of the fields that RFC 9113 section 8.2.2 forbids, as they are written in heads: plain, and in the code
// of HPACK. The value is whether the field te is meant, of which one value is allowed.
var connectionNames = func() map[string]bool { //nolint:gochecknoglobals // a constant that Go has no constant for
	names := map[string]bool{}
	for _, name := range []string{"connection", "keep-alive", "proxy-connection", "transfer-encoding", "upgrade", "te"} {
		names[name], names[coded(name)] = name == "te", name == "te"
	}
	return names
}()

// transferEncoding is the index of the one of them that is in HPACK's own table (RFC 7541 appendix A).
const transferEncoding = 57

var codedTrailers = coded("trailers") //nolint:gochecknoglobals // as connectionNames

func coded(text string) string { return string(hpack.AppendHuffmanString(nil, text)) }

// withoutConnectionFields makes a HEADERS frame malformed for package http2 if it has a field that is about the connection. A name that
// was put into the table by a head before is not looked up: package http2 refuses it with 400.
func withoutConnectionFields(frame []byte) []byte {
	from, to := frameHead, len(frame)
	flags := http2.Flags(frame[4])
	if flags.Has(http2.FlagHeadersPadded) {
		if from == to {
			return frame
		}
		to -= int(frame[from])
		from++
	}
	if flags.Has(http2.FlagHeadersPriority) {
		from += 5
	}
	if from > to || !hasConnectionField(frame[from:to]) {
		return frame
	}
	if flags.Has(http2.FlagHeadersPadded) { // the padding goes
		frame[4] &^= byte(http2.FlagHeadersPadded)
		copy(frame[frameHead:], frame[frameHead+1:to])
		frame = frame[:to-1]
	}
	frame = append(frame, malformedField...)
	setLength(frame)
	return frame
}

// hasConnectionField goes through a head in HPACK (RFC 7541 section 6). What is not valid is left to package http2.
func hasConnectionField(block []byte) bool {
	for len(block) > 0 {
		first := block[0]
		var index uint64
		var ok bool
		switch {
		case first&0x80 != 0:
			if index, block, ok = cutNumber(block, 7); !ok || index == transferEncoding {
				return ok
			}
			continue
		case first&0xe0 == 0x20: // the size of the table
			if _, block, ok = cutNumber(block, 5); !ok {
				return false
			}
			continue
		case first&0x40 != 0:
			index, block, ok = cutNumber(block, 6)
		default:
			index, block, ok = cutNumber(block, 4)
		}
		var name, value []byte
		if ok && index == 0 {
			name, block, ok = cutText(block)
		}
		if ok {
			value, block, ok = cutText(block)
		}
		if !ok {
			return false
		}
		te, forbidden := connectionNames[string(name)]
		if te && (string(value) == "trailers" || string(value) == codedTrailers) {
			continue
		}
		if forbidden || index == transferEncoding {
			return true
		}
	}
	return false
}

// cutNumber cuts a number with so many bits in the first byte off a head (RFC 7541 section 5.1).
func cutNumber(p []byte, bits uint) (n uint64, rest []byte, ok bool) {
	if len(p) == 0 {
		return 0, nil, false
	}
	most := uint64(1)<<bits - 1
	n = uint64(p[0]) & most
	if p = p[1:]; n < most {
		return n, p, true
	}
	for shift := uint(0); len(p) > 0 && shift < 32; shift += 7 {
		b := p[0]
		p = p[1:]
		if n += uint64(b&0x7f) << shift; b&0x80 == 0 {
			return n, p, true
		}
	}
	return 0, nil, false
}

// cutText cuts a text off a head, as it is written (RFC 7541 section 5.2).
func cutText(p []byte) (text, rest []byte, ok bool) {
	n, p, ok := cutNumber(p, 7)
	if !ok || n > uint64(len(p)) {
		return nil, nil, false
	}
	return p[:n], p[n:], true
}
