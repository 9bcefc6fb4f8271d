package admission

import "github.com/prometheus/client_golang/prometheus"

// Metrics are about what is let in.
type Metrics struct {
	requests          *Requests
	server            *Server
	inFlight, refused *prometheus.Desc
}

// NewMetrics returns a collector for both.
func NewMetrics(r *Requests, s *Server) *Metrics {
	return &Metrics{
		requests: r, server: s,
		inFlight: prometheus.NewDesc("tallygate_auth_admitted", "What is let in now at the public listener: requests, connections.",
			[]string{"what"}, nil),
		refused: prometheus.NewDesc("tallygate_auth_refused_total", "What was refused at the public listener because too much was in flight.",
			[]string{"what"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(all chan<- *prometheus.Desc) {
	all <- m.inFlight
	all <- m.refused
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(all chan<- prometheus.Metric) {
	for what, counts := range map[string]func() (int, uint64){"requests": m.requests.counts, "connections": m.server.conns.counts} {
		now, refused := counts()
		all <- prometheus.MustNewConstMetric(m.inFlight, prometheus.GaugeValue, float64(now), what)
		all <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(refused), what)
	}
}
