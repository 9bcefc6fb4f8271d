package route

import (
	"net/url"
	"slices"
	"strings"
)

// FindRaw returns the routes of a path that servers read in different ways: with %2F, %3B, ";" or an empty segment. The first
// sure bytes have nothing of the kind, and the path has no dot segments in anybody's reading. The routes are those with the
// longest prefix, spelled without escapes. There are none unless one of them takes raw paths, and in no reading of the path
// another route is meant.
//
// Whatever a server makes of the rest of such a path, it finds the segments of the sure part at the beginning, because only
// a dot segment could remove one. If they differ from those of another route, the path is not that route's in any reading.
// docs/adr/0017-raw-paths.md has the whole argument.
func (t *Table) FindRaw(path []byte, sure int) (Match, bool) {
	m, ok := t.findPrefix(path)
	if !ok || !slices.ContainsFunc(m.candidates, func(c candidate) bool { return c.RawPaths }) {
		return Match{}, false
	}
	head := segments(decoded(string(path[:sure])))
	for _, other := range t.below[m.Path] {
		if other.couldTake(head) {
			return Match{}, false
		}
	}
	return m, true
}

// couldTake reports whether the route matches a path that begins with these segments, the last of which may be cut off, and
// goes on in any way.
func (r *Route) couldTake(head []string) bool {
	own := segments(r.Path)
	for i := range min(len(own), len(head)) {
		if own[i] != head[i] && own[i] != "*" {
			return false
		}
	}
	return !r.Exact || len(head) <= len(own)
}

// segments are the parts of a path between slashes, without an empty last one.
func segments(path string) []string {
	path = strings.TrimSuffix(path, "/")
	if path == "" {
		return nil
	}
	return strings.Split(path[1:], "/")
}

// decoded is a path without escapes, also without those that were escaped.
func decoded(path string) string {
	for {
		next, err := url.PathUnescape(path)
		if err != nil || next == path {
			return path
		}
		path = next
	}
}

// routesBelow finds the routes below the paths of those that take raw paths.
func routesBelow(routes []*Route) map[string][]*Route {
	below := map[string][]*Route{}
	for _, r := range routes {
		if !r.RawPaths || below[r.Path] != nil {
			continue
		}
		for _, other := range routes {
			if len(other.Path) > len(r.Path) && strings.HasPrefix(other.Path, strings.TrimSuffix(r.Path, "/")+"/") {
				below[r.Path] = append(below[r.Path], other)
			}
		}
	}
	return below
}
