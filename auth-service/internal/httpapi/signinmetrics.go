package httpapi

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/password"
)

// signIns counts how sign-ins end, so that a wave of guesses shows.
type signIns struct {
	total *prometheus.CounterVec
}

func newSignIns(r prometheus.Registerer) *signIns {
	s := &signIns{total: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tallygate_sign_ins_total", Help: "Sign-ins by name and password, by how they ended.",
	}, []string{"result"})}
	r.MustRegister(s.total)
	return s
}

func (s *signIns) ended(err error) {
	result := "other"
	switch {
	case err == nil:
		result = "ok"
	case errors.Is(err, account.ErrWrongCredentials):
		result = "wrong"
	case errors.Is(err, password.ErrBusy):
		result = "busy"
	case errors.Is(err, fault.ErrUnavailable):
		result = "unavailable"
	default:
		if _, ok := errors.AsType[*account.ThrottledError](err); ok {
			result = "throttled"
		}
	}
	s.total.WithLabelValues(result).Inc()
}
