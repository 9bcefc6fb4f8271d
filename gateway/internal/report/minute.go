package report

import (
	"math"

	"tallygate/gateway/internal/edge"
	"tallygate/kit/httpd"
)

// minute has the calls of the last minute by route, as differences between counts that only rise.
type minute struct {
	counts map[string]edge.Calls              // at the last look
	steps  [minuteSteps]map[string]edge.Calls // what each look has added; a route without calls is not in it
	next   int
}

// minuteSteps are the looks in a minute.
const minuteSteps = 12

// everything is the name under which all calls are counted. No route has it.
const everything = ""

// look takes the counts as they are now.
func (m *minute) look(state *edge.State) {
	if m.counts == nil {
		m.counts = map[string]edge.Calls{}
	}
	step := map[string]edge.Calls{}
	m.take(step, everything, state.Calls)
	for i := range state.Routes {
		m.take(step, state.Routes[i].Name, state.Routes[i].Calls)
	}
	m.steps[m.next] = step
	m.next = (m.next + 1) % minuteSteps
}

func (m *minute) take(step map[string]edge.Calls, name string, now edge.Calls) {
	before := m.counts[name]
	if now.All == before.All {
		return
	}
	m.counts[name] = now
	since := edge.Calls{
		All: now.All - before.All, RateLimited: now.RateLimited - before.RateLimited, ServerErrors: now.ServerErrors - before.ServerErrors,
		Durations: append([]uint64(nil), now.Durations...),
	}
	for i, n := range before.Durations {
		since.Durations[i] -= n
	}
	step[name] = since
}

// calls are the route's in the last minute.
func (m *minute) calls(name string) edge.Calls {
	sum := edge.Calls{Durations: make([]uint64, len(httpd.DurationBuckets())+1)}
	for _, step := range m.steps {
		if calls, some := step[name]; some {
			sum.Add(calls)
		}
	}
	return sum
}

// quantile estimates a quantile of durations, in seconds, from the counts in httpd.DurationBuckets; nil without calls. Within a
// bucket the calls count as spread evenly. What is in the last one counts as its lower bound.
func quantile(q float64, counts []uint64) *float64 {
	total := timed(counts)
	if total == 0 {
		return nil
	}
	rank, lower := q*float64(total), 0.0
	for i, bound := range httpd.DurationBuckets() {
		n := float64(counts[i])
		if n > 0 && rank <= n {
			return rounded(lower+(bound-lower)*rank/n, 1e4)
		}
		rank -= n
		lower = bound
	}
	return &lower
}

func timed(counts []uint64) (total uint64) {
	for _, n := range counts {
		total += n
	}
	return total
}

// rounded is x in steps of 1/per.
func rounded(x, per float64) *float64 {
	x = math.Round(x*per) / per
	return &x
}
