package edge

import (
	"strconv"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/httpd"
)

// Metrics counts requests by method, route and status. A request costs it two atomic additions. Requests whose client was
// gone before there was a response have the status 499, as in the access log.
type Metrics struct {
	desc    *prometheus.Desc
	open    prometheus.Gauge
	evicted prometheus.Counter
	refused *prometheus.CounterVec
	ended   *prometheus.CounterVec
	// wrongCosts are responses that announce a cost in a form that is not one.
	wrongCosts *prometheus.CounterVec
	bounds     []float64
	steps      []time.Duration // bounds, as durations

	mu     sync.Mutex
	routes map[string]*routeDurations
	none   *routeDurations // requests for which there is no route
}

// NewMetrics returns a collector.
func NewMetrics() *Metrics {
	m := &Metrics{
		desc: prometheus.NewDesc("http_server_request_duration_seconds",
			httpd.DurationHelp,
			[]string{"http_request_method", "http_route", "http_response_status_code"}, nil),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallygate_gateway_connections", Help: "Clients' connections that are open.",
		}),
		evicted: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tallygate_gateway_connections_evicted_total",
			Help: "Clients' connections that were closed between requests to make room for others.",
		}),
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_gateway_connections_refused_total",
			Help: "Clients' connections that were refused with 503: their address had its share (address), " +
				"all were in use (connections), or no descriptor was left (descriptors).",
		}, []string{"reason"}),
		ended: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_gateway_streams_ended_total",
			Help: "Calls in flight that were ended because their user may not call any more.",
		}, []string{"reason"}),
		wrongCosts: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_usage_wrong_costs_total",
			Help: "Responses whose cost header is not one whole number up to 1000000. The route's cost was counted.",
		}, []string{"http_route"}),
		bounds: httpd.DurationBuckets(), routes: map[string]*routeDurations{},
	}
	for _, b := range m.bounds {
		m.steps = append(m.steps, time.Duration(b*float64(time.Second)))
	}
	m.none = m.route("none")
	for _, why := range []refusal{shareTaken, allTaken, noDescriptors} {
		m.refused.WithLabelValues(string(why)) // so that it is there from the start
	}
	for _, reason := range []string{"expired", "revoked", "invalid", "unavailable"} {
		m.ended.WithLabelValues(reason)
	}
	return m
}

// route returns the durations of a route, which stay when the routes are read again.
func (m *Metrics) route(name string) *routeDurations {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[name]
	if r == nil {
		r = new(routeDurations)
		m.routes[name] = r
	}
	return r
}

func (m *Metrics) observe(k *call, took time.Duration) {
	r := m.none
	if k.route != nil {
		r = k.route.metrics
	}
	status := k.status
	if status == 0 {
		status = statusGone
	}
	r.observe(httpd.KnownMethod(string(k.request.Method)), status, took, m.steps)
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.desc
	m.open.Describe(out)
	m.ended.Describe(out)
	m.wrongCosts.Describe(out)
	m.evicted.Describe(out)
	m.refused.Describe(out)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.open.Collect(out)
	m.ended.Collect(out)
	m.wrongCosts.Collect(out)
	m.evicted.Collect(out)
	m.refused.Collect(out)
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, r := range m.routes {
		for method := range r.byMethod {
			for d := r.byMethod[method].Load(); d != nil; d = d.next.Load() {
				m.collect(out, d, httpd.Method(method).String(), name)
			}
		}
	}
}

func (m *Metrics) collect(out chan<- prometheus.Metric, d *durations, method, route string) {
	var count uint64
	cumulative := make(map[float64]uint64, len(m.bounds))
	for i, bound := range m.bounds {
		count += d.buckets[i].Load()
		cumulative[bound] = count
	}
	if count += d.buckets[len(m.bounds)].Load(); count == 0 {
		return // its first request is about to be counted
	}
	sum := time.Duration(d.nanos.Load()).Seconds()
	out <- prometheus.MustNewConstHistogram(m.desc, count, sum, cumulative, method, route, strconv.Itoa(d.status))
}
