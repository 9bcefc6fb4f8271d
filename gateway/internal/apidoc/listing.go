package apidoc

import (
	"fmt"
	"strconv"
	"time"

	"tallygate/gateway/internal/route"
)

// listing is what everybody may know about the routes of the file: how to call them, and nothing of where they lead.
func listing(table *route.Table, described map[string]bool) list {
	out := list{}
	for _, r := range table.Routes() {
		if r.Builtin || r.Description.Unlisted {
			continue
		}
		auth := "required"
		if r.Public {
			auth = "public"
		}
		entry := object{{"name", r.Name}, {"path", r.Path}, {"exact", r.Exact}, {"methods", texts(methodsOf(r))}, {"auth", auth}, {"roles", texts(r.Roles)}}
		if !r.Public {
			entry = append(entry, member{"cost", number(strconv.FormatUint(r.Cost(), 10))})
			if r.CostField != "" {
				entry = append(entry, member{"cost_announced", true})
			}
			if r.Rate.Requests > 0 {
				entry = append(entry, member{"rate", fmt.Sprintf("%d/%s", r.Rate.Requests, unit(r.Rate.Per))},
					member{"burst", number(strconv.Itoa(r.Rate.Burst))})
			}
		}
		out = append(out, append(entry, member{"described", described[r.Name]}))
	}
	return out
}

func methodsOf(r *route.Route) []string {
	if len(r.Methods) == 0 {
		return route.CommonMethods()
	}
	return r.Methods
}

func texts(all []string) list {
	out := list{}
	for _, one := range all {
		out = append(out, one)
	}
	return out
}

func unit(per time.Duration) string {
	switch per {
	case time.Second:
		return "s"
	case time.Minute:
		return "m"
	}
	return "h"
}
