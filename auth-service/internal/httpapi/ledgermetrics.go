package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/ledger"
)

// ledgerMetrics counts what the ledger takes in and grants. Users and routes are no labels: there may be too many.
type ledgerMetrics struct {
	batches, leases *prometheus.CounterVec
	requests        prometheus.Counter
}

func newLedgerMetrics(r prometheus.Registerer) *ledgerMetrics {
	m := &ledgerMetrics{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_ledger_batches_total", Help: "Batches of usage that gateways delivered, by result.",
		}, []string{"result"}),
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_ledger_leases_total", Help: "Lease requests of gateways for calls under a quota, by result.",
		}, []string{"result"}),
		requests: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tallygate_ledger_requests_total", Help: "Calls that were added to the ledger.",
		}),
	}
	r.MustRegister(m.batches, m.leases, m.requests)
	return m
}

func (m *ledgerMetrics) batch(added bool, b ledger.Batch) {
	if !added {
		m.batches.WithLabelValues("repeated").Inc()
		return
	}
	m.batches.WithLabelValues("added").Inc()
	m.requests.Add(float64(b.Total().Requests))
}

func (m *ledgerMetrics) lease(granted bool) {
	result := "denied"
	if granted {
		result = "granted"
	}
	m.leases.WithLabelValues(result).Inc()
}
