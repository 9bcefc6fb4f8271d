package edge

import (
	"strconv"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/httpd"
)

// Metrics counts requests by route and class of status. A request costs it two atomic additions.
type Metrics struct {
	desc   *prometheus.Desc
	open   prometheus.Gauge
	bounds []float64
	steps  []time.Duration // bounds, as durations

	mu     sync.Mutex
	routes map[string]*routeMetrics
	none   *routeMetrics // requests for which there is no route
}

const classes = 5 // 1xx to 5xx; 0 is counted as 4xx: the client had left

type routeMetrics struct{ classes [classes]histogram }

type histogram struct {
	buckets []atomic.Uint64 // one more than bounds
	nanos   atomic.Int64
}

// NewMetrics returns a collector.
func NewMetrics() *Metrics {
	m := &Metrics{
		desc: prometheus.NewDesc("http_server_request_duration_seconds", "Time from the request's head to the answer's end.",
			[]string{"http_route", "http_response_status_class"}, nil),
		open: prometheus.NewGauge(prometheus.GaugeOpts{
			Name: "tallygate_gateway_connections", Help: "Clients' connections that are open.",
		}),
		bounds: httpd.DurationBuckets(), routes: map[string]*routeMetrics{},
	}
	for _, b := range m.bounds {
		m.steps = append(m.steps, time.Duration(b*float64(time.Second)))
	}
	m.none = m.route("none")
	return m
}

// route returns the counters of a route, which stay when routes are read anew.
func (m *Metrics) route(name string) *routeMetrics {
	m.mu.Lock()
	defer m.mu.Unlock()
	r := m.routes[name]
	if r == nil {
		r = new(routeMetrics)
		for i := range r.classes {
			r.classes[i].buckets = make([]atomic.Uint64, len(m.bounds)+1)
		}
		m.routes[name] = r
	}
	return r
}

func (m *Metrics) observe(k *call, took time.Duration) {
	r := m.none
	if k.site != nil {
		r = k.site.metrics
	}
	class := k.status/100 - 1
	if class < 0 || class >= classes {
		class = 3
	}
	h := &r.classes[class]
	i := 0
	for i < len(m.steps) && took > m.steps[i] {
		i++
	}
	h.buckets[i].Add(1)
	h.nanos.Add(int64(took))
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(out chan<- *prometheus.Desc) {
	out <- m.desc
	m.open.Describe(out)
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(out chan<- prometheus.Metric) {
	m.open.Collect(out)
	m.mu.Lock()
	defer m.mu.Unlock()
	for name, r := range m.routes {
		for class := range r.classes {
			h := &r.classes[class]
			var count uint64
			cumulative := make(map[float64]uint64, len(m.bounds))
			for i, bound := range m.bounds {
				count += h.buckets[i].Load()
				cumulative[bound] = count
			}
			if count += h.buckets[len(m.bounds)].Load(); count == 0 {
				continue
			}
			sum := time.Duration(h.nanos.Load()).Seconds()
			out <- prometheus.MustNewConstHistogram(m.desc, count, sum, cumulative, name, strconv.Itoa(class+1)+"xx")
		}
	}
}
