package wire

import "bytes"

// framing collects what says how long a body is (RFC 9112 section 6).
type framing struct {
	length  int64 // -1: no Content-Length
	chunked bool
}

// contentLength takes one field of 1*DIGIT. A second one, even an equal one, is refused: somebody on the way would
// choose.
func (f *framing) contentLength(value []byte) error {
	n, ok := decimal(value)
	if !ok || f.length >= 0 {
		return ErrLength
	}
	f.length = n
	return nil
}

func (f *framing) transferEncoding(value []byte) error {
	if f.chunked || string(value) != "chunked" {
		return ErrCoding
	}
	f.chunked = true
	return nil
}

// validate refuses both at once, and a coding in HTTP/1.0, which has none (RFC 9112 section 6.1).
func (f *framing) validate(minor int) (chunked bool, length int64, err error) {
	if f.chunked && (f.length >= 0 || minor == 0) {
		return false, 0, ErrFraming
	}
	return f.chunked, f.length, nil
}

// parseVersion takes HTTP/1.0 and HTTP/1.1; other versions of the same form are not supported.
func parseVersion(b []byte) (minor int, err error) {
	switch string(b) {
	case "HTTP/1.1":
		return 1, nil
	case "HTTP/1.0":
		return 0, nil
	}
	if string(b[:5]) == "HTTP/" && class[b[5]]&isDigit != 0 && b[6] == '.' && class[b[7]]&isDigit != 0 {
		return 0, ErrVersion
	}
	return 0, ErrStartLine
}

// couldBeVersion reports whether the bytes may become a version and a line end.
func couldBeVersion(b []byte) bool {
	const form = "HTTP/d.d\r\n"
	for i, c := range b[:min(len(b), len(form))] {
		if form[i] == 'd' && class[c]&isDigit == 0 || form[i] != 'd' && c != form[i] {
			return false
		}
	}
	return true
}

const maxNominated = 16

// connectionField is what all Connection fields say together (RFC 9110 section 7.6.1).
type connectionField struct {
	close, keepAlive, upgrade bool
	count                     int
	nominated                 [maxNominated][]byte
}

func (c *connectionField) reset() { c.close, c.keepAlive, c.upgrade, c.count = false, false, false, 0 }

func (c *connectionField) read(value []byte) error {
	for len(value) > 0 {
		option, rest := value, []byte(nil)
		if i := bytes.IndexByte(value, ','); i >= 0 {
			option, rest = value[:i], value[i+1:]
		}
		value = rest
		from, to := trim(option, 0, len(option))
		option = option[from:to]
		switch {
		case len(option) == 0:
		case span(option, 0, isToken) != len(option):
			return ErrConnection
		case equalFold(option, "close"):
			c.close = true
		case equalFold(option, "keep-alive"):
			c.keepAlive = true
		case equalFold(option, "upgrade"):
			c.upgrade = true
		case c.count == maxNominated:
			return ErrConnection
		default:
			c.nominated[c.count] = option
			c.count++
		}
	}
	return nil
}

func (c *connectionField) nominates(name []byte) bool {
	for _, option := range c.nominated[:c.count] {
		if bytes.EqualFold(option, name) {
			return true
		}
	}
	return false
}
