package edge

import (
	"fmt"
	"net/http"
	"sync"

	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// sites is a table with what belongs to each of its routes.
type sites struct {
	table *route.Table
	list  []*site // by the routes' index
	sets  map[string]*upstream.Upstream
}

// site is a route in use.
type site struct {
	*route.Route
	upstream *upstream.Upstream
	metrics  *routeDurations
	tally    meter.RouteID
	rate     limit.Rate
	// identities are the identity fields of the whole table.
	identities *wire.Names
}

// SetRoutes puts a table in force. Requests in flight go on under the one before. It must not be called concurrently.
func (s *Server) SetRoutes(table *route.Table) {
	old := s.sites.Load()
	next := &sites{table: table, sets: s.upstreams(table, old.sets)}
	identities := identityNames(table)
	for _, r := range table.Routes() {
		at := &site{
			Route: r, upstream: next.sets[setKey(r)], metrics: s.cfg.Metrics.route(r.Name), rate: limit.Rate(r.Rate), identities: identities,
		}
		if r.Metered {
			at.tally = s.cfg.Meter.Route(r.Name)
		}
		next.list = append(next.list, at)
	}
	s.sites.Store(next)
	for key, set := range old.sets {
		if next.sets[key] == nil {
			set.Stop()
		}
	}
}

func setConfig(r *route.Route) upstream.Spec {
	return upstream.Spec{Addresses: r.Upstreams, Health: r.Health, Timeouts: upstream.Timeouts(r.Timeouts), Retries: r.Retries}
}

func setKey(r *route.Route) string { return fmt.Sprint(setConfig(r)) }

// startAtOnce bounds how many upstreams' names are resolved at once.
const startAtOnce = 64

// upstreams are the sets of a table's routes. Equal ones share one, also with the table before. New ones are started
// at once: a name server that does not answer costs its time once, and not for each route.
func (s *Server) upstreams(table *route.Table, old map[string]*upstream.Upstream) map[string]*upstream.Upstream {
	sets, fresh := map[string]*upstream.Upstream{}, map[string]upstream.Spec{}
	for _, r := range table.Routes() {
		key := setKey(r)
		if known := old[key]; known != nil {
			sets[key] = known
		} else {
			fresh[key] = setConfig(r)
		}
	}
	var starting sync.WaitGroup
	var mu sync.Mutex
	room := make(chan struct{}, startAtOnce)
	for key, cfg := range fresh {
		room <- struct{}{}
		starting.Go(func() {
			set := s.cfg.Upstreams.Start(s.base, cfg)
			<-room
			mu.Lock()
			defer mu.Unlock()
			sets[key] = set
		})
	}
	starting.Wait()
	return sets
}

// identityNames are the fields that any upstream of the table may take for the gateway's word.
func identityNames(table *route.Table) *wire.Names {
	var names []string
	for _, r := range table.Routes() {
		if r.IdentityHeader != "" {
			names = append(names, r.IdentityHeader)
		}
	}
	return wire.NewNames(names)
}

func reason(status int) string { return http.StatusText(status) }
