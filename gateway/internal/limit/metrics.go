package limit

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/authclient"
)

type quotaMetrics struct {
	leases             *prometheus.CounterVec
	refused, unchecked prometheus.Counter
}

func newQuotaMetrics() *quotaMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &quotaMetrics{
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_quota_leases_total", Help: "Questions to the ledger for calls of a monthly quota.",
		}, []string{"result"}),
		refused:   counter("tallygate_quota_refused_total", "Calls refused because the monthly quota was used up."),
		unchecked: counter("tallygate_quota_unchecked_total", "Calls let through without a quota's leave: the ledger could not be reached."),
	}
}

func (x *quotaMetrics) asked(err error) {
	result := "answered"
	switch _, refused := errors.AsType[*authclient.RefusedError](err); {
	case refused:
		result = "refused"
	case err != nil:
		result = "failed"
	}
	x.leases.WithLabelValues(result).Inc()
}

// Collectors are the metrics of quotas. None has a label that names a user.
func (q *Quotas) Collectors() []prometheus.Collector {
	return []prometheus.Collector{q.metrics.leases, q.metrics.refused, q.metrics.unchecked}
}
