package admission

import "github.com/prometheus/client_golang/prometheus"

// Metrics are about what is let in.
type Metrics struct {
	requests                 *Requests
	server                   *Server
	inFlight, limit, refused *prometheus.Desc
}

// NewMetrics returns a collector for both.
func NewMetrics(r *Requests, s *Server) *Metrics {
	return &Metrics{
		requests: r, server: s,
		inFlight: prometheus.NewDesc("tallygate_auth_admitted", "What is let in now at the public listener: requests, connections.",
			[]string{"what"}, nil),
		limit: prometheus.NewDesc("tallygate_auth_admitted_limit", "How much is let in at once at the public listener: requests, connections.",
			[]string{"what"}, nil),
		refused: prometheus.NewDesc("tallygate_auth_refused_total", "What was refused at the public listener because too much was in flight.",
			[]string{"what"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *Metrics) Describe(all chan<- *prometheus.Desc) {
	all <- m.inFlight
	all <- m.limit
	all <- m.refused
}

// Collect implements prometheus.Collector.
func (m *Metrics) Collect(all chan<- prometheus.Metric) {
	m.collect(all, "requests", m.requests.most, m.requests.counts)
	m.collect(all, "connections", m.server.conns.most, m.server.conns.counts)
}

func (m *Metrics) collect(all chan<- prometheus.Metric, what string, most int, counts func() (int, uint64)) {
	now, refused := counts()
	all <- prometheus.MustNewConstMetric(m.inFlight, prometheus.GaugeValue, float64(now), what)
	all <- prometheus.MustNewConstMetric(m.limit, prometheus.GaugeValue, float64(most), what)
	all <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(refused), what)
}
