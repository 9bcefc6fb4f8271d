package wire

import "bytes"

// MaxHostBytes is the length of the longest host with a port that ValidHost allows.
const MaxHostBytes = 255 + len(":65535")

// ValidHost reports whether b is uri-host [ ":" port ] with a host that is not empty (RFC 9110 section 7.2).
func ValidHost(b []byte) bool {
	if len(b) == 0 || len(b) > MaxHostBytes {
		return false
	}
	var end int
	if b[0] == '[' {
		end = bytes.IndexByte(b, ']') + 1
		if end < 4 {
			return false
		}
		for _, c := range b[1 : end-1] {
			if class[c]&isHex == 0 && c != ':' && c != '.' {
				return false
			}
		}
	} else if end = span(b, 0, isSimple); end == 0 { // a reg-name may hold more, but no name of a host does
		return false
	}
	if end == len(b) {
		return true
	}
	port := b[end+1:]
	return b[end] == ':' && len(port) <= 5 && span(port, 0, isDigit) == len(port)
}
