package routefile

import (
	"strings"

	"tallygate/gateway/internal/route"
)

// keepTallyFree keeps it free to look at one's own tally and limits if the file replaces the built-in routes for that: whichever route of
// the file now takes their paths, such calls are neither counted nor limited.
func (p *parser) keepTallyFree(builtin []*route.Route) {
	for _, b := range builtin {
		if b.Name != route.UsageName && b.Name != route.LimitsName || !p.named[b.Name] {
			continue
		}
		for _, r := range p.own {
			below := !r.Exact && strings.HasPrefix(b.Path, strings.TrimSuffix(r.Path, "/")+"/")
			if r.Metered && (below || r.Path == b.Path) {
				r.Tallies = append(r.Tallies, b.Path)
			}
		}
	}
}
