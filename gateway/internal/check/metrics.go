package check

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/kit/token"
)

type metrics struct {
	refused    *prometheus.CounterVec
	lookups    *prometheus.CounterVec
	changes    prometheus.Counter
	feedErrors prometheus.Counter
	collectors []prometheus.Collector
}

func newMetrics(c *Checker) *metrics {
	counter := func(name, help string) prometheus.Counter {
		return prometheus.NewCounter(prometheus.CounterOpts{Name: name, Help: help})
	}
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	x := &metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_check_refused_total", Help: "Calls refused by the check of their token.",
		}, []string{"reason"}),
		lookups: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "tallygate_check_lookups_total", Help: "Requests to auth-service for a user's record.",
		}, []string{"result"}),
		changes:    counter("tallygate_check_changes_total", "Changes of users received from the feed."),
		feedErrors: counter("tallygate_check_feed_errors_total", "Failed requests to the feed of changes."),
	}
	x.collectors = []prometheus.Collector{
		x.refused, x.lookups, x.changes, x.feedErrors,
		gauge("tallygate_check_tokens", "Verified tokens in memory.", func() float64 { return float64(c.tokens.len()) }),
		gauge("tallygate_check_users", "Users whose record is in memory.", func() float64 { return float64(c.users.len()) }),
		gauge("tallygate_check_plans", "Plans in memory.", func() float64 { return float64(c.users.plans.len()) }),
		gauge("tallygate_check_ended_sessions", "Ended sessions in memory whose tokens have not expired yet.",
			func() float64 { return float64(c.users.endedSessions()) }),
		gauge("tallygate_check_staleness_seconds", "Time in which revocations may have been missed, 0 while the feed responds.",
			func() float64 { return c.Staleness().Seconds() }),
	}
	return x
}

// refuse counts why a call was refused, and returns the reason.
func (x *metrics) refuse(err error) error {
	if err != nil {
		x.refused.WithLabelValues(Reason(err)).Inc()
	}
	return err
}

// Reason is an error of Check or Valid in one word, for metrics and logs: missing, expired, revoked, invalid, role,
// unavailable.
func Reason(err error) string {
	switch {
	case errors.Is(err, token.ErrMissing):
		return "missing"
	case errors.Is(err, token.ErrExpired):
		return "expired"
	case errors.Is(err, errRevoked):
		return "revoked"
	case errors.Is(err, token.ErrInvalid):
		return "invalid"
	case errors.Is(err, ErrRole):
		return "role"
	}
	return "unavailable"
}

func (x *metrics) lookup(err error) {
	result := "succeeded"
	if err != nil {
		result = "failed"
	}
	x.lookups.WithLabelValues(result).Inc()
}

// Collectors are the checker's metrics. None has a label that names a user.
func (c *Checker) Collectors() []prometheus.Collector { return c.metrics.collectors }
