package edge

import (
	"bytes"

	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/wire"
)

// find returns the routes of the request's path. Only routes that take raw paths have those that servers read in different
// ways; for all others the error is the request's Sign.
func find(table *route.Table, r *wire.Request) (match route.Match, ok bool, err error) {
	if r.Sign == nil {
		match, ok = table.Find(r.Path)
		return match, ok, nil
	}
	if match, ok = table.FindRaw(r.RawPath()); !ok {
		return route.Match{}, false, r.Sign
	}
	return match, true, nil
}

// forwardedPath is the request's path as the route's upstream gets it. A route that takes raw paths passes on what came,
// unless the route's own path was spelled with escapes; then the path is clean.
func forwardedPath(r *wire.Request, at *route.Route) []byte {
	path := r.Path
	if at.RawPaths {
		if raw, _ := r.RawPath(); isBelow(raw, at.Path) {
			path = raw
		}
	}
	if at.Under != "" {
		return path[len(at.Under):]
	}
	if at.Strip {
		return stripped(path, len(at.Path))
	}
	return path
}

// isBelow reports whether a path is another one, or below it.
func isBelow(path []byte, above string) bool {
	rest, ok := bytes.CutPrefix(path, []byte(above))
	return ok && (above == "/" || len(rest) == 0 || rest[0] == '/')
}

// stripped is path without its first n bytes; never empty.
func stripped(path []byte, n int) []byte {
	if n == 1 {
		return path // the route "/"
	}
	if len(path) == n {
		return []byte("/")
	}
	return path[n:]
}
