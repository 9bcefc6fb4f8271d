package routefile

import (
	"slices"
	"strings"

	"tallygate/gateway/internal/route"
)

// keepTallyFree keeps it free to look at one's own tally if the file replaces the built-in route for that: whichever route of the file
// now takes the path, such calls are neither counted nor limited.
func (p *parser) keepTallyFree(builtin []*route.Route) {
	const name = "usage"
	i := slices.IndexFunc(builtin, func(r *route.Route) bool { return r.Name == name })
	if i < 0 || !p.named[name] {
		return
	}
	path := builtin[i].Path
	for _, r := range p.own {
		below := !r.Exact && strings.HasPrefix(path, strings.TrimSuffix(r.Path, "/")+"/")
		if r.Metered && (below || r.Path == path) {
			r.Tally = path
		}
	}
}
