package route

import (
	"slices"
	"strings"
)

// Overlap is a path for which two could respond, and only one does: routes, or a route and a page of the gateway's own.
type Overlap struct {
	Winner, Loser string // names of routes, or "page" for a page
	Path          string // with "/..." at its end if everything below it is meant too
	// Notable: the paths alone do not show it, or one is of the file and the other one is not.
	Notable bool
}

// PageName stands for pages in an Overlap.
const PageName = "page"

// Overlaps are all overlaps of the table's routes with each other and with pages, which have exactly these paths. They are in
// the order of the losers' names and the paths.
func (t *Table) Overlaps(pages []string) []Overlap {
	var all []Overlap
	for _, loser := range t.routes {
		for _, winner := range t.routes {
			if winner.takesFrom(loser) {
				apart := winner.Builtin != loser.Builtin && loser.Path != "/"
				all = append(all, Overlap{winner.Name, loser.Name, winner.Where(), apart || winner.Path == loser.Path})
			}
		}
		for _, page := range pages {
			switch {
			case loser.Path == page:
				all = append(all, Overlap{loser.Name, PageName, page, false})
			case !loser.Exact && isBelow(page, loser.Path):
				all = append(all, Overlap{PageName, loser.Name, page, loser.Path != "/"})
			}
		}
	}
	slices.SortStableFunc(all, func(a, b Overlap) int {
		return strings.Compare(a.Loser+" "+a.Path, b.Loser+" "+b.Path)
	})
	return all
}

// takesFrom reports whether r gets calls that are for other's path, too.
func (r *Route) takesFrom(other *Route) bool {
	switch {
	case r == other:
		return false
	case !other.Exact:
		return isBelow(r.Path, other.Path) || r.Exact && r.Path == other.Path
	}
	p, ok := newPattern(other.Path)
	return ok && r.Exact && r.Path != other.Path && p.covers([]byte(r.Path))
}

// isBelow reports whether a path is below another one, and not the same.
func isBelow(path, above string) bool {
	return path != above && strings.HasPrefix(path, strings.TrimSuffix(above, "/")+"/")
}

// Where is the route's path, with "/..." at its end if everything below it is meant too.
func (r *Route) Where() string {
	if r.Exact {
		return r.Path
	}
	return strings.TrimSuffix(r.Path, "/") + "/..."
}
