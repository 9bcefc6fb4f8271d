package wire

import "encoding/binary"

// Classes of bytes.
const (
	isToken  = 1 << iota // tchar, RFC 9110 section 5.6.2
	isPath               // pchar without ";" and "%", and "/" (RFC 3986 section 3.3)
	isQuery              // what stands in a query unescaped, and "%" (RFC 3986 section 3.4)
	isSimple             // unreserved, RFC 3986 section 2.3
	isHex
	isDigit
	isPlain  // in the name of a field: letters, digits, "-" and "_"
	isHost   // in the name of a host: unreserved and sub-delims without "," (RFC 3986 section 3.2.2)
	isTarget // what clients send in a request target: visible ASCII without "#", and bytes from 0x80 on
)

// class holds the classes of each byte.
var class = func() (table [256]uint16) { //nolint:gochecknoglobals // a constant that Go has no constant for
	mark := func(bits uint16, chars string) {
		for i := range len(chars) {
			table[chars[i]] |= bits
		}
	}
	mark(isToken, "!#$%&'*+-.^_`|~")
	mark(isPath|isQuery, "-._~!$&'()*+,=:@/")
	mark(isQuery, ";?%")
	mark(isSimple|isHost, "-._~")
	mark(isHost, "!$&'()*+;=")
	mark(isPlain, "-_")
	mark(isHex, "abcdefABCDEF")
	for c := 'a'; c <= 'z'; c++ {
		mark(isToken|isPath|isQuery|isSimple|isHost|isPlain, string([]rune{c, c - 'a' + 'A'}))
	}
	mark(isToken|isPath|isQuery|isSimple|isHost|isPlain|isHex|isDigit, "0123456789")
	for c := 0x21; c <= 0xff; c++ {
		if c != '#' && c != 0x7f {
			table[c] |= isTarget
		}
	}
	return table
}()

// span is the index after the bytes of the class that begin at i.
func span(buf []byte, i int, bits uint16) int {
	for i < len(buf) && class[buf[i]]&bits != 0 {
		i++
	}
	return i
}

// valueSpan is the index of the first byte from i on that no field value may hold (RFC 9110 section 5.5): a control
// other than a tab, or DEL. It looks at eight bytes at a time.
func valueSpan(buf []byte, i int) int {
	for {
		for i+8 <= len(buf) && !hasControl(buf[i:i+8]) {
			i += 8
		}
		end := min(i+8, len(buf))
		for ; i < end; i++ {
			if c := buf[i]; c < 0x20 && c != '\t' || c == 0x7f {
				return i
			}
		}
		if i == len(buf) {
			return i
		}
	}
}

// hasControl reports whether one of eight bytes is a control, a tab or DEL.
func hasControl(eight []byte) bool {
	const ones, tops = 0x0101010101010101, 0x8080808080808080
	x := binary.LittleEndian.Uint64(eight)
	del := x ^ 0x7f*ones
	return ((x-0x20*ones)&^x|(del-ones)&^del)&tops != 0
}

// lower is c in lower case if it is an ASCII letter.
func lower(c byte) byte {
	if 'A' <= c && c <= 'Z' {
		return c + 'a' - 'A'
	}
	return c
}

// equalFold reports whether b is text in any case; text is in lower case.
func equalFold(b []byte, text string) bool {
	if len(b) != len(text) {
		return false
	}
	for i := range b {
		if lower(b[i]) != text[i] {
			return false
		}
	}
	return true
}

func trim(buf []byte, from, to int) (int, int) {
	for from < to && (buf[from] == ' ' || buf[from] == '\t') {
		from++
	}
	for to > from && (buf[to-1] == ' ' || buf[to-1] == '\t') {
		to--
	}
	return from, to
}

// decimal reads 1*DIGIT of at most 18 digits, which always fit.
func decimal(b []byte) (int64, bool) {
	if len(b) == 0 || len(b) > 18 {
		return 0, false
	}
	var n int64
	for _, c := range b {
		if c < '0' || c > '9' {
			return 0, false
		}
		n = n*10 + int64(c-'0')
	}
	return n, true
}
