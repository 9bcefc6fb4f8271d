package main

import (
	"fmt"
	"io"
	"log/slog"
	"slices"
	"strings"

	"tallygate/gateway/internal/route"
)

// overlap is what one route does not get of the calls for its path.
type overlap struct {
	loser   string
	parts   []string // like "/token (token)": a path, and who gets it
	notable bool
}

// overlapsOf finds what nobody gets who might expect it: routes from routes and pages, and built-in routes that the file
// replaces by the name.
func overlapsOf(table *route.Table, builtin []*route.Route, pages []string) []overlap {
	var all []overlap
	for _, o := range table.Overlaps(pages) {
		part := fmt.Sprintf("%s (%s)", o.Path, o.Winner)
		same := func(seen overlap) bool { return seen.loser == o.Loser && seen.notable == o.Notable }
		if i := slices.IndexFunc(all, same); i >= 0 {
			all[i].parts = append(all[i].parts, part)
			continue
		}
		all = append(all, overlap{o.Loser, []string{part}, o.Notable})
	}
	for _, b := range builtin {
		for _, r := range table.Routes() {
			if r.Name == b.Name && !r.Builtin {
				all = append(all, overlap{"the built-in route " + b.Name, []string{b.Path + " (replaced by the name)"}, r.Path != b.Path})
			}
		}
	}
	return all
}

func printOverlaps(out io.Writer, all []overlap) {
	for _, o := range all {
		warning := ""
		if o.notable {
			warning = "warning: "
		}
		fmt.Fprintf(out, "%s%s does not get %s\n", warning, o.loser, strings.Join(o.parts, ", "))
	}
}

// logOverlaps warns of what the paths of the file do not show.
func logOverlaps(log *slog.Logger, all []overlap) {
	for _, o := range all {
		if o.notable {
			log.Warn("a route does not get all calls for its path (gateway -check-routes prints the whole table)",
				"loser", o.loser, "hidden", strings.Join(o.parts, ", "))
		}
	}
}
