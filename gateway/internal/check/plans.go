package check

import (
	"sync"
	"sync/atomic"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/rate"
)

// Plan is one version of a plan: what its users may do. It never changes.
type Plan struct {
	Name string
	// PerMonth, PerDay and InFlight are NoQuota where there is no limit.
	PerMonth, PerDay, InFlight int64
	Rates                      []PlanRate

	history uint64 // the epoch of auth-service's database
	version int64
}

// PlanRate bounds how fast a user of a plan may call a route, or each route that the plan does not name: "*".
type PlanRate struct {
	Route string
	rate.Rate
	Burst int
}

// RateOf is the rate of the plan on a route; nil for none.
func (p *Plan) RateOf(route string) *PlanRate {
	var others *PlanRate
	for i := range p.Rates {
		switch p.Rates[i].Route {
		case route:
			return &p.Rates[i]
		case "*":
			others = &p.Rates[i]
		}
	}
	return others
}

// noVersion is before all versions: nothing is known of the plan yet.
const noVersion = -1

// heldPlan leads to the newest version of a plan. The states of its users share it, so one change reaches all of them.
type heldPlan = atomic.Pointer[Plan]

// plans are all plans of auth-service, which bounds their number. The feed keeps them up to date.
type plans struct {
	mu     sync.Mutex
	byName map[string]*heldPlan
}

func newPlans() *plans { return &plans{byName: map[string]*heldPlan{}} }

// held is where the plan's newest version is found. A plan that nothing is known of has no limits, until the feed brings it.
func (p *plans) held(name string) *heldPlan {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.get(name)
}

func (p *plans) get(name string) *heldPlan {
	at := p.byName[name]
	if at == nil {
		at = &heldPlan{}
		at.Store(&Plan{Name: name, PerMonth: NoQuota, PerDay: NoQuota, InFlight: NoQuota, version: noVersion})
		p.byName[name] = at
	}
	return at
}

// update takes over a plan if nothing newer is known. Versions order the plans of one history.
func (p *plans) update(x *authclient.Plan, history uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.take(x, history)
}

func (p *plans) take(x *authclient.Plan, history uint64) {
	at := p.get(x.Name)
	known := at.Load()
	if history < known.history || history == known.history && x.Version < known.version {
		return
	}
	at.Store(newPlan(x, history))
	if x.Deleted {
		delete(p.byName, x.Name) // whoever still has it gets another one by the feed
	}
}

// replace takes over a list of all plans. Those that are not in it are gone.
func (p *plans) replace(all []authclient.Plan, history uint64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	before := p.byName
	p.byName = make(map[string]*heldPlan, len(all))
	for i := range all {
		if at := before[all[i].Name]; at != nil { // the states of its users keep it
			p.byName[all[i].Name] = at
		}
		p.take(&all[i], history)
	}
}

func (p *plans) len() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return len(p.byName)
}

func newPlan(x *authclient.Plan, history uint64) *Plan {
	next := &Plan{
		Name: x.Name, PerMonth: orNone(x.PerMonth), PerDay: orNone(x.PerDay), InFlight: orNone(x.InFlight),
		history: history, version: x.Version,
	}
	for _, r := range x.Rates {
		if parsed, ok := rate.Parse(r.Rate); ok && r.Burst > 0 { // auth-service makes no others
			next.Rates = append(next.Rates, PlanRate{Route: r.Route, Rate: parsed, Burst: r.Burst})
		}
	}
	return next
}

func orNone(limit *int64) int64 {
	if limit == nil {
		return NoQuota
	}
	return *limit
}
