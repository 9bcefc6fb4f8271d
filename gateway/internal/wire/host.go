package wire

import "bytes"

// MaxHostBytes is the length of the longest host with a port that ValidHost allows.
const MaxHostBytes = 255 + len(":65535")

// ValidHost reports whether b is uri-host [ ":" port ] with a host that is not empty (RFC 9110 section 7.2). A host is a
// reg-name (RFC 3986 section 3.2.2) or an address of IPv6 in brackets. A comma is refused, though a reg-name may hold one: it
// is how two Host fields look that a proxy has joined.
func ValidHost(b []byte) bool {
	if len(b) == 0 || len(b) > MaxHostBytes {
		return false
	}
	end := nameEnd(b)
	if b[0] == '[' {
		end = addressEnd(b)
	}
	if end == 0 || end == len(b) {
		return end > 0
	}
	port := b[end+1:]
	return b[end] == ':' && len(port) <= 5 && span(port, 0, isDigit) == len(port)
}

// addressEnd is the index after an address in brackets, or 0 if there is none.
func addressEnd(b []byte) int {
	end := bytes.IndexByte(b, ']') + 1
	if end < 4 {
		return 0
	}
	for _, c := range b[1 : end-1] {
		if class[c]&isHex == 0 && c != ':' && c != '.' {
			return 0
		}
	}
	return end
}

// nameEnd is the index after a reg-name, or 0 if there is none. Controls are refused, escaped too: a host becomes a part of
// links and log lines.
func nameEnd(b []byte) int {
	for i := 0; ; i++ {
		if i = span(b, i, isHost); i == len(b) || b[i] != '%' {
			return i
		}
		if c, ok := unhex(b[i+1:]); !ok || c < 0x20 || c == 0x7f {
			return 0
		}
		i += 2
	}
}

// sameHost reports whether two valid hosts are one: in any case, with or without the port of the scheme, and with or without a
// last dot (RFC 3986 sections 6.2.2.1 and 6.2.3).
func sameHost(a, b []byte, port string) bool {
	return bytes.EqualFold(a, b) || bytes.EqualFold(plainHost(a, port), plainHost(b, port))
}

// plainHost is a host without the port, or an empty one, and without a last dot.
func plainHost(host []byte, port string) []byte {
	if rest, ok := bytes.CutSuffix(host, []byte(port)); ok && bytes.HasSuffix(rest, []byte(":")) {
		host = rest
	}
	host = bytes.TrimSuffix(host, []byte(":"))
	if plain := bytes.TrimSuffix(host, []byte(".")); len(plain) > 0 {
		return plain
	}
	return host
}
