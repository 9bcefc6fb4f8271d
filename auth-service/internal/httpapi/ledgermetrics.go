package httpapi

import (
	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/ledger"
)

// tally counts what comes into the ledger. Users and routes are no labels.
type tally struct {
	batches, leases *prometheus.CounterVec
	requests        prometheus.Counter
}

func newTally(r prometheus.Registerer) *tally {
	t := &tally{
		batches: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_ledger_batches_total", Help: "Batches that gateways delivered: added, or repeated and so left out.",
		}, []string{"result"}),
		leases: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_quota_leases_total", Help: "Requests for calls under a quota: granted, or refused because none are left.",
		}, []string{"result"}),
		requests: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "tallygate_ledger_requests_total", Help: "Calls of users that were added to the ledger.",
		}),
	}
	r.MustRegister(t.batches, t.leases, t.requests)
	return t
}

func (t *tally) batch(added bool, b ledger.Batch) {
	if !added {
		t.batches.WithLabelValues("repeated").Inc()
		return
	}
	t.batches.WithLabelValues("added").Inc()
	t.requests.Add(float64(b.Total().Requests))
}

func (t *tally) lease(granted bool) {
	result := "refused"
	if granted {
		result = "granted"
	}
	t.leases.WithLabelValues(result).Inc()
}
