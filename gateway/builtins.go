package main

import (
	"maps"
	"slices"

	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/route"
	"tallygate/kit/build"
	"tallygate/kit/env"
)

// healthPath is where the gateway says that it takes requests. It is no page, and stays where it is.
const healthPath = "/healthz"

// readBuiltins reads which built-in routes there are, and where.
func (c *config) readBuiltins(r *env.Reader) {
	c.auth, c.math = r.URL("AUTH_URL", "http://127.0.0.1:8001"), r.URL("MATH_URL", "http://127.0.0.1:8002")
	c.noRoot = !r.Bool("ROOT", true)
	if c.builtinPrefix = r.String("BUILTIN_PREFIX", ""); c.builtinPrefix != "" && !console.IsPlace(c.builtinPrefix) {
		r.Fail("BUILTIN_PREFIX", "%q is not a path like /auth, without a slash at its end", c.builtinPrefix)
	}
}

// builtins are the built-in routes.
func (c *config) builtins() []*route.Route {
	return route.Builtins{
		Auth: hostPort(c.auth), Math: hostPort(c.math), Under: c.builtinPrefix, NoRoot: c.noRoot,
	}.Routes()
}

// keysPath is where the public keys are, which moves with the built-in routes.
func (c *config) keysPath() string { return c.builtinPrefix + edge.KeysPath }

// readPages returns the gateway's own pages, where PAGES says. A route of the gateway's own would hide a page at its path.
func (c *config) readPages(r *env.Reader) map[string]console.Page {
	where := r.String("PAGES", "on")
	pages, err := console.Pages(where, console.Calls{Under: c.builtinPrefix, NoRoot: c.noRoot, Version: build.Current().Version})
	if err != nil {
		r.Fail("PAGES", "%v", err)
		return nil
	}
	for _, at := range slices.Sorted(maps.Keys(pages)) {
		if !pages[at].Yields && c.taken(at) {
			r.Fail("PAGES", "%q does not work: %s is the path of a call", where, at)
			break
		}
	}
	return pages
}

// taken reports whether the gateway serves a path whatever the routes file says.
func (c *config) taken(path string) bool {
	table, err := route.NewTable(c.builtins())
	if err != nil {
		return true
	}
	_, isRoute := table.Find([]byte(path))
	return isRoute || path == healthPath || path == c.keysPath()
}
