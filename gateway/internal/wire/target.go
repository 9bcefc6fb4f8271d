package wire

import (
	"bytes"
	"unicode/utf8"
)

// splitTarget finds path and query in the request target (RFC 9112 section 3.2). The authority-form is refused: it is for
// CONNECT, which is not served.
func (r *Request) splitTarget() error {
	from, to := r.target[0], r.target[1]
	target := r.buf[from:to]
	if target[0] != '/' {
		if string(target) == "*" && string(r.Method) == "OPTIONS" {
			r.Path = target
			return nil
		}
		rest := target
		for _, scheme := range []string{"http://", "https://"} {
			if len(target) > len(scheme) && equalFold(target[:len(scheme)], scheme) {
				rest = target[len(scheme):]
			}
		}
		if len(rest) == len(target) {
			return ErrTarget
		}
		authority := rest
		if i := bytes.IndexAny(rest, "/?"); i >= 0 {
			authority = rest[:i]
		}
		if !ValidHost(authority) {
			return ErrTarget
		}
		r.authority = authority
		if from = to - len(rest) + len(authority); from == to || r.buf[from] == '?' {
			r.Path, r.Query = []byte("/"), r.buf[from:to]
			return nil
		}
	}
	pathEnd := to
	if i := bytes.IndexByte(r.buf[from:to], '?'); i >= 0 {
		pathEnd = from + i
	}
	path, err := CleanPath(r.buf[from:pathEnd])
	r.Path, r.Query = path, r.buf[pathEnd:to]
	return err
}

// CleanPath checks that path, which begins with "/", means the same to every server. It undoes escapes of unreserved
// characters (RFC 3986 section 6.2.2.2) in place, and returns the result. It refuses empty and dot segments; escapes of
// "/", "\", ";", NUL and other controls, also escaped twice; escapes that are malformed or not UTF-8 (an overlong "/" is
// one); ";" and whatever may not stand in a path.
func CleanPath(path []byte) ([]byte, error) {
	if end := span(path, 0, isPath); end != len(path) {
		var err error
		if path, err = unescape(path, end); err != nil {
			return nil, err
		}
	}
	for i := 0; i < len(path); {
		end := bytes.IndexByte(path[i+1:], '/')
		if end < 0 {
			end = len(path)
		} else {
			end += i + 1
		}
		switch segment := path[i+1 : end]; {
		case len(segment) == 0:
			if end != len(path) {
				return nil, ErrPath
			}
		case len(segment) <= 2 && segment[0] == '.' && segment[len(segment)-1] == '.':
			return nil, ErrPath
		}
		i = end
	}
	return path, nil
}

func unescape(path []byte, from int) ([]byte, error) {
	out := path[:from]
	var text []byte // adjacent escaped bytes from 0x80 on
	for i := from; i < len(path); {
		c := path[i]
		if c != '%' {
			if class[c]&isPath == 0 || !utf8.Valid(text) {
				return nil, ErrPath
			}
			text = text[:0]
			out = append(out, c)
			i++
			continue
		}
		c, ok := unhex(path[i+1:])
		if !ok || c < 0x20 || c == 0x7f || c == '/' || c == '\\' || c == ';' {
			return nil, ErrPath
		}
		switch {
		case c >= 0x80:
			text = append(text, c)
		case !utf8.Valid(text):
			return nil, ErrPath
		default:
			text = text[:0]
		}
		if class[c]&isSimple != 0 {
			out = append(out, c)
		} else {
			out = append(out, path[i:i+3]...)
		}
		i += 3
	}
	if !utf8.Valid(text) || escapesTwice(out) {
		return nil, ErrPath
	}
	return out, nil
}

// escapesTwice reports whether an escaped "%" and what follows it would become, decoded again, something that is refused.
// A server behind an upstream may decode again.
func escapesTwice(path []byte) bool {
	for {
		i := bytes.Index(path, []byte("%25"))
		if i < 0 {
			return false
		}
		path = path[i+3:]
		if c, ok := unhex(path); ok && (c < 0x20 || c == '/' || c == '\\' || c == '.' || c == ';' || c == '%') {
			return true
		}
	}
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

// IsQuery reports whether text may follow "?" in a target.
func IsQuery(text string) bool { return span([]byte(text), 0, isQuery) == len(text) }

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
