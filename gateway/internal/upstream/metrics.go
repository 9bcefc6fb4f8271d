package upstream

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"
)

// collector tells how upstreams are.
type collector struct {
	engine             *Engine
	replicas, inFlight *prometheus.Desc
	retries            *prometheus.Desc
}

// Collector returns the engine's metrics.
func (e *Engine) Collector() prometheus.Collector {
	return &collector{
		engine: e,
		replicas: prometheus.NewDesc("tallygate_gateway_upstream_replicas",
			"Replicas of an upstream by state: well, sick (fails its check) or resting (has failed requests).", []string{"upstream", "state"}, nil),
		inFlight: prometheus.NewDesc("tallygate_gateway_upstream_requests_in_flight",
			"Requests that an upstream has not finished answering.", []string{"upstream"}, nil),
		retries: prometheus.NewDesc("tallygate_gateway_retries_total", "Requests that were sent again.", nil, nil),
	}
}

// Describe implements prometheus.Collector.
func (c *collector) Describe(out chan<- *prometheus.Desc) {
	out <- c.replicas
	out <- c.inFlight
	out <- c.retries
}

// Collect implements prometheus.Collector. Sets of the same addresses, which differ in policy, are told as one: the
// figures of the one that has more in flight.
func (c *collector) Collect(out chan<- prometheus.Metric) {
	out <- prometheus.MustNewConstMetric(c.retries, prometheus.CounterValue, float64(c.engine.retries.Load()))
	type state struct{ well, sick, resting, busy int64 }
	states := map[string]*state{}
	c.engine.sets.Range(func(key, _ any) bool {
		s := key.(*Set) //nolint:forcetypeassert // only sets are stored
		now, one := c.engine.watch.Now(), new(state)
		for _, t := range *s.targets.Load() {
			one.busy += t.busy.Load()
			switch {
			case t.sick.Load():
				one.sick++
			case !t.well(now):
				one.resting++
			default:
				one.well++
			}
		}
		name := strings.Join(s.cfg.Addresses, ",")
		if before := states[name]; before == nil || before.busy < one.busy {
			states[name] = one
		}
		return true
	})
	for name, s := range states {
		for label, n := range map[string]int64{"well": s.well, "sick": s.sick, "resting": s.resting} {
			out <- prometheus.MustNewConstMetric(c.replicas, prometheus.GaugeValue, float64(n), name, label)
		}
		out <- prometheus.MustNewConstMetric(c.inFlight, prometheus.GaugeValue, float64(s.busy), name)
	}
}
