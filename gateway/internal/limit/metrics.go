package limit

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/authclient"
)

type quotaMetrics struct {
	leaseRequests      *prometheus.CounterVec
	refused, unchecked prometheus.Counter
}

func newQuotaMetrics() *quotaMetrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	return &quotaMetrics{
		leaseRequests: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_quota_lease_requests_total", Help: "Requests to the ledger to reserve units of quotas.",
		}, []string{"result"}),
		refused:   counter("tallygate_quota_refused_total", "Calls refused because a quota was used up."),
		unchecked: counter("tallygate_quota_unchecked_total", "Calls let through unchecked because the ledger was unreachable."),
	}
}

func (x *quotaMetrics) requested(err error) {
	result := "succeeded"
	switch _, refused := errors.AsType[*authclient.RefusedError](err); {
	case refused:
		result = "refused"
	case err != nil:
		result = "failed"
	}
	x.leaseRequests.WithLabelValues(result).Inc()
}

// Collectors are the metrics of quotas. None has a label that names a user.
func (q *Quotas) Collectors() []prometheus.Collector {
	return []prometheus.Collector{q.metrics.leaseRequests, q.metrics.refused, q.metrics.unchecked}
}
