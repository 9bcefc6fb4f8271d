package wire

import (
	"bytes"
	"unicode/utf8"
)

// CleanPath returns the path, which begins with "/", in the form in which it means the same to every server, or an error if
// there is no such form. It is path itself if nothing has to be changed.
//
// Escapes of unreserved characters are undone (RFC 3986 section 6.2.2.2). What may not stand in a path, but is sent by
// browsers and other clients, is escaped: [ ] | ^ { } < > " ` and text in UTF-8. Refused are empty and dot segments; ";" and
// backslashes; escapes of "/", "\", ";", NUL and other controls, also escaped twice; escapes that are malformed, and bytes,
// escaped or not, that are not UTF-8 (an overlong "/" is not).
func CleanPath(path []byte) ([]byte, error) {
	clean, sign, err := cleanPath(path)
	if err == nil && sign != nil {
		err = sign
	}
	return clean, err
}

// cleanPath is CleanPath, but does not refuse what some routes take: sign names the first such thing, and then there is no
// clean path. Dot segments are refused wherever a server could see one.
func cleanPath(path []byte) (clean []byte, sign *MessageError, err error) {
	clean = path
	if end := span(path, 0, isPath); end != len(path) {
		if clean, sign, err = normalize(path, end); err != nil {
			return nil, nil, err
		}
	}
	empty, dots := segments(clean)
	if !dots && sign != nil {
		_, dots = segments(separated(clean))
	}
	if dots {
		return nil, nil, errDotSegment
	}
	if sign == nil && empty {
		sign = errEmptySegment
	}
	if sign != nil {
		return nil, sign, nil
	}
	return clean, nil, nil
}

// segments reports whether a path has an empty segment, other than at its end, or a dot segment.
func segments(path []byte) (empty, dots bool) {
	for i := 0; i < len(path); {
		end := bytes.IndexByte(path[i+1:], '/')
		if end < 0 {
			end = len(path)
		} else {
			end += i + 1
		}
		switch segment := path[i+1 : end]; {
		case len(segment) == 0:
			empty = empty || end != len(path)
		case len(segment) <= 2 && segment[0] == '.' && segment[len(segment)-1] == '.':
			dots = true
		}
		i = end
	}
	return empty, dots
}

// separated is a copy of a path in which everything that may end a segment is a slash: some servers decode %2F, and some cut
// a segment off at ";".
func separated(path []byte) []byte {
	out := make([]byte, 0, len(path))
	for i := 0; i < len(path); i++ {
		c := path[i]
		switch c {
		case ';':
			c = '/'
		case '%':
			if e, ok := unhex(path[i+1:]); ok && (e == '/' || e == ';') {
				c = '/'
				i += 2
			}
		}
		out = append(out, c)
	}
	return out
}

// firstSign is the index of the first byte of a path that servers read in different ways, or its length.
func firstSign(path []byte) int {
	for i, c := range path {
		switch c {
		case ';':
			return i
		case '/':
			if i > 0 && path[i-1] == '/' {
				return i
			}
		case '%':
			if e, ok := unhex(path[i+1:]); ok && (e == '/' || e == ';') {
				return i
			}
		}
	}
	return len(path)
}

// normalize undoes and adds escapes, from the index on. The path stays as it is: if something changes, out is new memory.
func normalize(path []byte, from int) (out []byte, sign *MessageError, err error) {
	var text utf8Text
	escaped, unescaped := 0, 0
	for i := from; i < len(path); i++ {
		c, escape := path[i], path[i] == '%'
		if escape {
			var ok bool
			if c, ok = unhex(path[i+1:]); !ok {
				return nil, nil, errEscape
			}
			i += 2
		}
		found, fault := inPath(c, escape)
		switch {
		case fault != nil:
			return nil, nil, fault
		case !text.add(c):
			return nil, nil, errNotUTF8
		case sign == nil:
			sign = found
		}
		switch {
		case escape && class[c]&isSimple != 0:
			unescaped++
		case !escape && class[c]&isPath == 0 && c != ';':
			escaped++
		}
	}
	if !text.whole() {
		return nil, nil, errNotUTF8
	}
	if out = path; escaped+unescaped > 0 {
		out = rewritten(path, from, len(path)+2*(escaped-unescaped))
	}
	if escapesTwice(out) {
		return nil, nil, errEscapedTwice
	}
	return out, sign, nil
}

// inPath is what is wrong with a byte of a path: a sign, which some routes take, or a fault, which nobody takes.
func inPath(c byte, escaped bool) (sign, fault *MessageError) {
	switch {
	case escaped && (c < 0x20 || c == 0x7f):
		return nil, errEscapedControl
	case escaped && c == '\\':
		return nil, errEscapedBackslash
	case escaped && c == '/':
		return errEscapedSlash, nil
	case escaped && c == ';':
		return errEscapedSemicolon, nil
	case escaped:
		return nil, nil
	case c == '\\':
		return nil, errBackslash
	case c == ';':
		return errSemicolon, nil
	case class[c]&isTarget == 0 || c == '?':
		return nil, ErrTarget
	}
	return nil, nil
}

// rewritten is the path of length bytes that normalize has found.
func rewritten(path []byte, from, length int) []byte {
	out := append(make([]byte, 0, length), path[:from]...)
	for i := from; i < len(path); i++ {
		switch c := path[i]; {
		case c == '%':
			if c, _ = unhex(path[i+1:]); class[c]&isSimple != 0 {
				out = append(out, c)
			} else {
				out = append(out, path[i:i+3]...)
			}
			i += 2
		case class[c]&isPath != 0 || c == ';':
			out = append(out, c)
		default:
			out = appendEscape(out, c)
		}
	}
	return out
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

// utf8Text checks that adjacent bytes from 0x80 on are UTF-8.
type utf8Text struct {
	letter [utf8.UTFMax]byte
	n      int // bytes of letter that have come
}

// add reports whether c may come next.
func (t *utf8Text) add(c byte) bool {
	if c < utf8.RuneSelf {
		return t.n == 0
	}
	t.letter[t.n] = c
	t.n++
	if !utf8.FullRune(t.letter[:t.n]) {
		return true
	}
	_, size := utf8.DecodeRune(t.letter[:t.n])
	whole := size > 1 && size == t.n
	t.n = 0
	return whole
}

// whole reports whether the text may end here.
func (t *utf8Text) whole() bool { return t.n == 0 }
