package main

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/password"
)

// queueMetrics are about the queue for hashing.
type queueMetrics struct {
	queue                  *password.Queue
	length, limit, refused *prometheus.Desc
}

func newQueueMetrics(q *password.Queue) *queueMetrics {
	return &queueMetrics{
		queue: q,
		length: prometheus.NewDesc("tallygate_password_queue_length", "Passwords that wait to be hashed, by what for.",
			[]string{"kind"}, nil),
		limit: prometheus.NewDesc("tallygate_password_queue_limit", "How many passwords of all kinds may wait to be hashed.", nil, nil),
		refused: prometheus.NewDesc("tallygate_password_refused_total", "Passwords that were not hashed, by reason.",
			[]string{"reason"}, nil),
	}
}

// Describe implements prometheus.Collector.
func (m *queueMetrics) Describe(all chan<- *prometheus.Desc) {
	all <- m.length
	all <- m.limit
	all <- m.refused
}

// Collect implements prometheus.Collector.
func (m *queueMetrics) Collect(all chan<- prometheus.Metric) {
	for _, k := range password.Kinds() {
		all <- prometheus.MustNewConstMetric(m.length, prometheus.GaugeValue, float64(m.queue.Waiting(k)), k.String())
	}
	all <- prometheus.MustNewConstMetric(m.limit, prometheus.GaugeValue, float64(m.queue.Bound()))
	for reason, n := range m.queue.Refused() {
		all <- prometheus.MustNewConstMetric(m.refused, prometheus.CounterValue, float64(n), reason)
	}
}
