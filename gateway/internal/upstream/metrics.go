package upstream

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/wire"
)

// collector reads the state of the upstreams in use.
type collector struct {
	registry           *Registry
	replicas, inFlight *prometheus.Desc
}

// Collector returns the metrics of the upstreams in use.
func (r *Registry) Collector() prometheus.Collector {
	return &collector{
		registry: r,
		replicas: prometheus.NewDesc("tallygate_gateway_upstream_replicas",
			"Replicas of an upstream by state: healthy, unhealthy (fails its health check) or ejected (has failed requests).",
			[]string{"upstream", "state"}, nil),
		inFlight: prometheus.NewDesc("tallygate_gateway_upstream_requests_in_flight",
			"Requests to an upstream whose response has not ended.", []string{"upstream"}, nil),
	}
}

func newShortages() *prometheus.CounterVec {
	counter := prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tallygate_gateway_upstream_shortages_total",
		Help: "Connections to upstreams, and lookups of their names, that failed because the gateway had run out of something: " +
			"descriptors, ports (local ones) or memory.",
	}, []string{"reason"})
	for _, why := range []wire.Shortage{wire.NoDescriptors, wire.NoPorts, wire.NoMemory} {
		counter.WithLabelValues(string(why)) // so that it is there from the start
	}
	return counter
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	c.registry.shortages.Describe(out)
	out <- c.replicas
	out <- c.inFlight
}

// Collect implements prometheus.Collector. Upstreams of the same addresses, which differ in policy, are reported as one:
// the figures of the one with more requests in flight.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	c.registry.shortages.Collect(out)
	type figures struct{ healthy, unhealthy, ejected, inFlight int64 }
	all := map[string]*figures{}
	c.registry.inUse.Range(func(key, _ any) bool {
		u := key.(*Upstream) //nolint:forcetypeassert // only upstreams are stored
		one := new(figures)
		for _, r := range *u.replicas.Load() {
			one.inFlight += r.inFlight.Load()
			switch r.state().Health {
			case Unhealthy:
				one.unhealthy++
			case Ejected:
				one.ejected++
			case Healthy:
				one.healthy++
			}
		}
		name := strings.Join(u.spec.Addresses, ",")
		if before := all[name]; before == nil || before.inFlight < one.inFlight {
			all[name] = one
		}
		return true
	})
	for name, f := range all {
		for state, n := range map[string]int64{"healthy": f.healthy, "unhealthy": f.unhealthy, "ejected": f.ejected} {
			out <- prometheus.MustNewConstMetric(c.replicas, prometheus.GaugeValue, float64(n), name, state)
		}
		out <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(f.inFlight), name)
	}
}
