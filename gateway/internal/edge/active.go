package edge

import (
	"fmt"
	"sync"
	"sync/atomic"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// activeTable is the table in force, with what belongs to each of its routes.
type activeTable struct {
	table     *route.Table
	routes    []*activeRoute                // by the routes' index
	upstreams map[string]*upstream.Upstream // by upstreamKey
}

// activeRoute is a route in use.
type activeRoute struct {
	*route.Route
	upstream *upstream.Upstream
	metrics  *routeDurations
	meterID  meter.RouteID
	// wrongCost is about what its upstream announces.
	wrongCost notice
	likely    atomic.Int64 // what a call costs whose cost the upstream announces
	rate      limit.Rate
	planLimit string // the name of the limit that a plan may have on the route
	rates     string // those of all routes, on the route where users look at their limits; for others empty
	// identities are the identity fields of the whole table.
	identities *wire.Names
	// hostField and ownHost say which Host the upstream gets: those of forward.Request.
	hostField string
	ownHost   bool
	// prefix is what is removed from the path; empty for nothing. links are what that means for the upstream's links.
	prefix []byte
	links  *forward.Links
}

// SetRoutes puts a table in force. Requests in flight keep the table that they began with. It must not be called
// concurrently.
func (s *Server) SetRoutes(table *route.Table) {
	old := s.active.Load()
	next := &activeTable{table: table, upstreams: s.startUpstreams(table, old.upstreams)}
	identities := identityNames(table)
	for _, r := range table.Routes() {
		// route keeps its own Rate and Timeouts, so that it does not know limit and upstream. If their fields ever differ,
		// the conversions do not compile.
		at := &activeRoute{
			Route: r, upstream: next.upstreams[upstreamKey(r)], metrics: s.cfg.Metrics.route(r.Name),
			rate: limit.Rate(r.Rate), planLimit: planPrefix + r.Name, identities: identities, links: linksOf(r),
		}
		if r.Builtin && r.Name == route.LimitsName {
			at.rates = ratesOf(table)
		}
		if at.ownHost = r.Host == route.UpstreamsHost; !at.ownHost {
			at.hostField = r.Host
		}
		if at.prefix = []byte(r.Under); r.Strip && r.Path != "/" {
			at.prefix = []byte(r.Path)
		}
		if r.Metered {
			at.meterID = s.cfg.Meter.Route(r.Name)
		}
		next.routes = append(next.routes, at)
	}
	next.nameRoutes()
	s.active.Store(next)
	for key, u := range old.upstreams {
		if next.upstreams[key] == nil {
			u.Stop()
		}
	}
}

// nameRoutes tells each upstream its routes.
func (a *activeTable) nameRoutes() {
	names := map[*upstream.Upstream][]string{}
	for _, r := range a.routes {
		names[r.upstream] = append(names[r.upstream], r.Name)
	}
	for u, routes := range names {
		u.NameRoutes(routes)
	}
}

func upstreamSpec(r *route.Route) upstream.Spec {
	return upstream.Spec{
		Addresses: r.Upstreams, NamesDiffer: r.TLS.On || r.Host == route.UpstreamsHost, TLS: upstream.TLS(r.TLS), HTTP2: r.HTTP2,
		Health: r.Health, Check: upstream.Check(r.Check),
		Timeouts: upstream.Timeouts(r.Timeouts), Retries: r.Retries,
	}
}

// upstreamKey is the same for routes that share an upstream.
func upstreamKey(r *route.Route) string { return fmt.Sprint(upstreamSpec(r)) }

// startAtOnce bounds how many upstreams' names are resolved at once.
const startAtOnce = 64

// startUpstreams returns the upstreams of a table's routes. Equal upstreams are one and the same, also if the old table
// has it. New ones are started together: a name server that does not respond costs one timeout, not one for each.
func (s *Server) startUpstreams(table *route.Table, old map[string]*upstream.Upstream) map[string]*upstream.Upstream {
	all, fresh := map[string]*upstream.Upstream{}, map[string]upstream.Spec{}
	for _, r := range table.Routes() {
		key := upstreamKey(r)
		if known := old[key]; known != nil {
			all[key] = known
		} else {
			fresh[key] = upstreamSpec(r)
		}
	}
	var starting sync.WaitGroup
	var mu sync.Mutex
	room := make(chan struct{}, startAtOnce)
	for key, spec := range fresh {
		room <- struct{}{}
		starting.Go(func() {
			u := s.cfg.Upstreams.Start(s.base, spec)
			<-room
			mu.Lock()
			defer mu.Unlock()
			all[key] = u
		})
	}
	starting.Wait()
	return all
}

// identityNames are the fields by which the table's upstreams know the user. No client may send one, on any route.
func identityNames(table *route.Table) *wire.Names {
	var names []string
	for _, r := range table.Routes() {
		if r.IdentityHeader != "" {
			names = append(names, r.IdentityHeader)
		}
	}
	return wire.NewNames(names)
}
