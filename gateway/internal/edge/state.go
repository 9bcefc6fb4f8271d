package edge

import (
	"net/http"

	"tallygate/gateway/internal/upstream"
)

// State is what the server does now, and how its calls went, for reports to operators.
type State struct {
	Connections int // of clients
	InFlight    int // calls without a complete response
	Streams     int // those of them that pass a body on as it comes
	// Calls are all calls since the start.
	Calls Calls
	// Routes are those in force, in the order of their table.
	Routes []RouteState
}

// RouteState is a route in force.
type RouteState struct {
	Name     string
	Builtin  bool
	Replicas []upstream.ReplicaState
	Calls    Calls // since the start, also those under an earlier table
}

// Calls are calls that have ended. The counts only rise.
type Calls struct {
	All          uint64
	RateLimited  uint64 // responses with 429
	ServerErrors uint64 // responses with 5xx
	// Durations has the calls by httpd.DurationBuckets, and one more bucket for longer ones. Calls with 401, 403 and 429 are not in
	// it: these are mostly the gateway's own refusals, and say nothing about the upstream.
	Durations []uint64
}

// State gathers the state. It takes no lock that calls need, except for a moment one that connections open and close with.
func (s *Server) State() State {
	state := State{Calls: s.cfg.Metrics.calls()}
	s.clients.each(func(c *conn) {
		state.Connections++
		if c.state.Load() == busy {
			state.InFlight++
		}
		if c.streams.Load() {
			state.Streams++
		}
	})
	for _, r := range s.active.Load().routes {
		state.Routes = append(state.Routes, RouteState{
			Name: r.Name, Builtin: r.Builtin, Replicas: r.upstream.State(), Calls: r.metrics.calls(len(s.cfg.Metrics.steps)),
		})
	}
	return state
}

// calls are those of all routes, and of none.
func (m *Metrics) calls() Calls {
	m.mu.Lock()
	defer m.mu.Unlock()
	all := Calls{Durations: make([]uint64, len(m.steps)+1)}
	for _, r := range m.routes {
		all.Add(r.calls(len(m.steps)))
	}
	return all
}

// calls are those of the route. steps is the number of buckets but the last.
func (r *routeDurations) calls(steps int) Calls {
	all := Calls{Durations: make([]uint64, steps+1)}
	for method := range r.byMethod {
		for d := r.byMethod[method].Load(); d != nil; d = d.next.Load() {
			all.note(d)
		}
	}
	return all
}

func (c *Calls) note(d *durations) {
	var n uint64
	refused := d.status == http.StatusUnauthorized || d.status == http.StatusForbidden || d.status == http.StatusTooManyRequests
	for i := range d.buckets {
		in := d.buckets[i].Load()
		n += in
		if !refused {
			c.Durations[i] += in
		}
	}
	c.All += n
	switch {
	case d.status == http.StatusTooManyRequests:
		c.RateLimited += n
	case d.status >= http.StatusInternalServerError:
		c.ServerErrors += n
	}
}

// Add adds calls of another route.
func (c *Calls) Add(other Calls) {
	c.All += other.All
	c.RateLimited += other.RateLimited
	c.ServerErrors += other.ServerErrors
	for i, n := range other.Durations {
		c.Durations[i] += n
	}
}
