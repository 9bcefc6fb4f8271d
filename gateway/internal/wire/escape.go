package wire

// CleanQuery returns a query, with its "?", in the form in which it is sent on: what may not stand in a query is escaped. It
// is query itself if nothing has to be changed. The query decodes to the same bytes, so they need not be UTF-8.
func CleanQuery(query []byte) ([]byte, error) {
	if span(query, 0, isQuery) == len(query) {
		return query, nil
	}
	if span(query, 0, isTarget) != len(query) {
		return nil, ErrTarget
	}
	return escape(query, func(c byte) bool { return class[c]&isQuery != 0 }), nil
}

// escape is b with escapes in place of the bytes that may not stand. It is b itself if all may.
func escape(b []byte, mayStand func(byte) bool) []byte {
	n := 0
	for _, c := range b {
		if !mayStand(c) {
			n++
		}
	}
	if n == 0 {
		return b
	}
	out := make([]byte, 0, len(b)+2*n)
	for _, c := range b {
		if mayStand(c) {
			out = append(out, c)
		} else {
			out = appendEscape(out, c)
		}
	}
	return out
}

func appendEscape(b []byte, c byte) []byte {
	const digits = "0123456789ABCDEF"
	return append(b, '%', digits[c>>4], digits[c&15])
}

func unhex(b []byte) (byte, bool) {
	if len(b) < 2 || class[b[0]]&isHex == 0 || class[b[1]]&isHex == 0 {
		return 0, false
	}
	return hexValue(b[0])<<4 | hexValue(b[1]), true
}

func hexValue(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return lower(c) - 'a' + 10
}
