package route

import (
	"bytes"
	"strings"
)

// pattern is an exact path in which one segment may be any text, but not empty. Only built-in routes have patterns.
type pattern struct {
	path          string
	before, after string
}

func newPattern(path string) (p pattern, ok bool) {
	before, after, ok := strings.Cut(path, "*")
	return pattern{path, before, after}, ok
}

// covers reports whether the path matches.
func (p pattern) covers(path []byte) bool {
	return len(path) > len(p.before)+len(p.after) && string(path[:len(p.before)]) == p.before &&
		string(path[len(path)-len(p.after):]) == p.after &&
		bytes.IndexByte(path[len(p.before):len(path)-len(p.after)], '/') < 0
}
