package edge

import (
	"context"
	"fmt"
	"net/http"

	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
)

// sites is a table with what belongs to each of its routes.
type sites struct {
	table *route.Table
	list  []*site // by the routes' index
	sets  map[string]*heldSet
}

// site is a route in use.
type site struct {
	*route.Route
	set     *forward.Set
	metrics *routeMetrics
	tally   meter.RouteID
	rate    limit.Rate
}

// heldSet is an upstream in use. Routes of equal upstreams and policy share one, also with the table before.
type heldSet struct {
	*forward.Set
	stop context.CancelFunc
}

// SetRoutes puts a table in force. Requests in flight go on under the one before. It must not be called concurrently.
func (s *Server) SetRoutes(table *route.Table) {
	old := s.sites.Load()
	next := &sites{table: table, sets: map[string]*heldSet{}}
	for _, r := range table.Routes() {
		cfg := forward.SetConfig{Addresses: r.Upstreams, Health: r.Health, Limits: forward.Limits(r.Limits), Retries: r.Retries}
		key := fmt.Sprint(cfg)
		held := next.sets[key]
		if held == nil {
			held = old.sets[key]
		}
		if held == nil {
			ctx, cancel := context.WithCancel(s.base)
			held = &heldSet{s.cfg.Engine.NewSet(ctx, cfg), cancel}
		}
		next.sets[key] = held
		at := &site{Route: r, set: held.Set, metrics: s.cfg.Metrics.route(r.Name), rate: limit.Rate(r.Rate)}
		if r.Tally {
			at.tally = s.cfg.Meter.Route(r.Name)
		}
		next.list = append(next.list, at)
	}
	s.sites.Store(next)
	for key, held := range old.sets {
		if next.sets[key] == nil {
			held.stop()
			held.Stop()
		}
	}
}

func reason(status int) string { return http.StatusText(status) }
