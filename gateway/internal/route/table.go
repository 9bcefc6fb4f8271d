package route

import (
	"fmt"
	"slices"
	"strings"
)

// Table finds routes. It never changes, so it is safe for concurrent use.
type Table struct {
	routes   []*Route
	exact    map[string]Match
	patterns []pattern // the keys of exact that have a segment *
	prefix   map[string]Match
	longest  int // bytes of the longest prefix: longer parts of a path are not looked up
	// below has, for the path of each route that takes raw paths, the routes with longer paths: FindRaw must not reach those.
	below map[string][]*Route
}

// Match is what the table has for a path: one or more routes, which differ by method.
type Match struct {
	candidates []candidate
	// Path is the routes' path: the requested path, or a prefix of it.
	Path string
}

type candidate struct {
	*Route
	index int
}

// NewTable returns a table of the routes. If two of them have one name, or take the same method of the same path, the
// error is Conflicts.
func NewTable(routes []*Route) (*Table, error) {
	t := &Table{routes: routes, exact: map[string]Match{}, prefix: map[string]Match{}}
	var conflicts Conflicts
	names := map[string]*Route{}
	for i, r := range routes {
		if other := names[r.Name]; other != nil {
			conflicts = append(conflicts, Conflict{r, other, "two routes have the name " + r.Name})
			continue
		}
		names[r.Name] = r
		into := t.prefix
		if r.Exact {
			into = t.exact
			if p, ok := newPattern(r.Path); ok && !slices.Contains(t.patterns, p) {
				t.patterns = append(t.patterns, p)
			}
		} else {
			t.longest = max(t.longest, len(r.Path))
		}
		m := into[r.Path]
		for _, other := range m.candidates {
			if method, both := sharedMethod(r, other.Route); both {
				text := fmt.Sprintf("routes %s and %s both take %s %s", other.Name, r.Name, method, r.Path)
				conflicts = append(conflicts, Conflict{r, other.Route, text})
			}
		}
		into[r.Path] = Match{append(m.candidates, candidate{r, i}), r.Path}
	}
	if len(conflicts) > 0 {
		return nil, conflicts
	}
	t.below = routesBelow(routes)
	return t, nil
}

// Conflict is an ambiguity between two routes. Other came first.
type Conflict struct {
	Route, Other *Route
	Text         string
}

// Conflicts are all ambiguities of a table, in the order of the routes.
type Conflicts []Conflict

// Error has a line for each.
func (c Conflicts) Error() string {
	lines := make([]string, len(c))
	for i := range c {
		lines[i] = c[i].Text
	}
	return strings.Join(lines, "\n")
}

// sharedMethod returns a method that both routes take.
func sharedMethod(a, b *Route) (string, bool) {
	if len(a.Methods) == 0 || len(b.Methods) == 0 {
		return "the same methods of", true
	}
	for _, m := range slices.Concat(a.Methods, b.Methods, []string{"HEAD"}) {
		if a.takes(m) && b.takes(m) {
			return m, true
		}
	}
	return "", false
}

// Routes returns all routes. A route's position is its index.
func (t *Table) Routes() []*Route { return t.routes }

// Find returns the routes of a path: the exact ones, else those with the longest prefix. A prefix is the whole path, or
// a part of it that ends before a slash.
func (t *Table) Find(path []byte) (Match, bool) {
	if m, ok := t.exact[string(path)]; ok {
		return m, true
	}
	for _, p := range t.patterns {
		if p.covers(path) {
			return t.exact[p.path], true
		}
	}
	return t.findPrefix(path)
}

// findPrefix returns the routes with the longest prefix.
func (t *Table) findPrefix(path []byte) (Match, bool) {
	for end := len(path); end > 0; end-- {
		if end != len(path) && path[end] != '/' || end > t.longest {
			continue
		}
		if m, ok := t.prefix[string(path[:end])]; ok {
			return m, true
		}
	}
	m, ok := t.prefix["/"]
	return m, ok
}

// Route returns the route that takes the method, and its index.
func (m Match) Route(method []byte) (*Route, int, bool) {
	for _, c := range m.candidates {
		if c.takes(string(method)) {
			return c.Route, c.index, true
		}
	}
	return nil, 0, false
}

// commonMethods stand for "all methods" in the Allow field: those of RFC 9110 section 9.3 that reach an upstream, and PATCH.
var commonMethods = []string{"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT"} //nolint:gochecknoglobals // a constant list

// CommonMethods are those that the Allow field has for a route that takes all.
func CommonMethods() []string { return slices.Clone(commonMethods) }

// Allow returns the methods that the path takes, for the Allow field.
func (m Match) Allow() []string {
	var all []string
	for _, c := range m.candidates {
		if len(c.Methods) == 0 {
			all = append(all, commonMethods...)
		}
		all = append(all, c.Methods...)
		if slices.Contains(c.Methods, "GET") {
			all = append(all, "HEAD")
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// CORS returns the policy for a method: that of the route that takes it, or else that of any route of the path, so that pages can read
// that the method is not allowed.
func (m Match) CORS(method []byte) *CORS {
	if r, _, ok := m.Route(method); ok {
		return r.CORS
	}
	for _, c := range m.candidates {
		if c.CORS != nil {
			return c.CORS
		}
	}
	return nil
}
