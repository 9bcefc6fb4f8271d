package account

import (
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/kit/rate"
)

// Bounds of plans. Gateways keep all plans in memory, and get all of them in one response.
const (
	MaxPlans     = 10_000 // without the default one
	maxPlanRates = 200
	// MaxRatesBytes bounds the rates of all plans together, as the database keeps them.
	MaxRatesBytes = 16 << 20
	// maxCalls is the largest number that JSON carries everywhere.
	maxCalls = 1 << 53
)

// EveryRoute in a plan's rate stands for each route that the plan does not name.
const EveryRoute = "*"

// routeForm is the form of names in the gateway's routes file.
var routeForm = regexp.MustCompile(`^([a-z0-9][a-z0-9._-]{0,62}|\*)$`)

// Plan is a named bundle of limits.
type Plan struct {
	Name PlanName
	Limits
	Version   int64 // the number of the last change, in the feed's counting
	Deleted   bool  // only in the feed: then there is nothing but Name and Version
	CreatedAt time.Time
	UpdatedAt time.Time
}

// Limits are what a plan allows. nil is no limit.
type Limits struct {
	PerMonth *int64 // calls a calendar month (UTC)
	PerDay   *int64 // calls a day (UTC)
	Rates    []PlanRate
	InFlight *int64 // open calls at each gateway
}

// PlanRate bounds how fast a user of the plan may call a route.
type PlanRate struct {
	Route string // EveryRoute, or the name of one
	rate.Rate
	Burst int // how many may come at once
}

// validate returns a *fault.InvalidError.
func (l *Limits) validate() error {
	for name, limit := range map[string]*int64{"requests_per_month": l.PerMonth, "requests_per_day": l.PerDay} {
		if limit != nil && (*limit < 0 || *limit > maxCalls) {
			return fault.Invalid(name, fmt.Sprintf("A quota is a whole number from 0 to %d, or null for none.", int64(maxCalls)))
		}
	}
	if l.InFlight != nil && (*l.InFlight < 1 || *l.InFlight > maxCalls) {
		return fault.Invalid("in_flight", "The number of open calls has to be a positive whole number, or null for no limit.")
	}
	if len(l.Rates) > maxPlanRates {
		return fault.Invalid("rates", fmt.Sprintf("A plan has at most %d rates.", maxPlanRates))
	}
	seen := make(map[string]bool, len(l.Rates))
	for _, r := range l.Rates {
		switch {
		case !routeForm.MatchString(r.Route):
			return fault.Invalid("rates", `The route of a rate has to be the name of a route, or "*" for all that the plan does not name.`)
		case seen[r.Route]:
			return fault.Invalid("rates", fmt.Sprintf("The route %q stands there twice.", r.Route))
		case r.Burst < 1 || r.Burst > rate.MaxBurst:
			return fault.Invalid("rates", fmt.Sprintf("A burst has to be a whole number from 1 to %d.", rate.MaxBurst))
		}
		seen[r.Route] = true
	}
	return nil
}

// Equal reports whether both allow the same.
func (l *Limits) Equal(other *Limits) bool {
	return sameQuota(l.PerMonth, other.PerMonth) && sameQuota(l.PerDay, other.PerDay) && sameQuota(l.InFlight, other.InFlight) &&
		slices.Equal(l.Rates, other.Rates)
}

// String is for the audit log.
func (l *Limits) String() string {
	rates := l.rates()
	if rates == "" {
		rates = "none"
	}
	return fmt.Sprintf("month=%s day=%s rates=%s in_flight=%s", quotaText(l.PerMonth), quotaText(l.PerDay), rates, quotaText(l.InFlight))
}

// rates are the rates with commas, and empty if there are none.
func (l *Limits) rates() string {
	var rates []string
	for _, r := range l.Rates {
		rates = append(rates, r.Route+":"+r.Rate.String()+":"+strconv.Itoa(r.Burst))
	}
	return strings.Join(rates, ",")
}

// Changes are those from l to the limits after, for the audit log.
func (l *Limits) Changes(after *Limits) []AuditChange {
	all := []AuditChange{
		changedQuota("requests_per_month", l.PerMonth, after.PerMonth), changedQuota("requests_per_day", l.PerDay, after.PerDay),
		changedList("rates", l.rates(), after.rates()), changedQuota("in_flight", l.InFlight, after.InFlight),
	}
	return slices.DeleteFunc(all, func(c AuditChange) bool {
		return c.From == nil && c.To == nil || c.From != nil && c.To != nil && *c.From == *c.To
	})
}
