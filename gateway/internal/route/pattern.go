package route

import (
	"bytes"
	"strings"
)

// pattern is an exact path in which each * is one segment of any text, but not empty. Only built-in routes have patterns.
type pattern struct{ path string }

func newPattern(path string) (p pattern, ok bool) {
	return pattern{path}, strings.Contains(path, "*")
}

// covers reports whether the path matches.
func (p pattern) covers(path []byte) bool {
	for rest := p.path; ; {
		text, after, more := strings.Cut(rest, "*")
		if len(path) < len(text) || string(path[:len(text)]) != text {
			return false
		}
		path = path[len(text):]
		if !more {
			return len(path) == 0
		}
		segment := bytes.IndexByte(path, '/')
		if segment < 0 {
			segment = len(path)
		}
		if segment == 0 {
			return false
		}
		path, rest = path[segment:], after
	}
}
