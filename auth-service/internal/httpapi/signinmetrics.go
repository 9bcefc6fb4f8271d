package httpapi

import (
	"errors"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// signInMetrics counts sign-ins by result, so that operators see a wave of guesses.
type signInMetrics struct {
	total *prometheus.CounterVec
}

func newSignInMetrics(r prometheus.Registerer) *signInMetrics {
	s := &signInMetrics{total: prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "tallygate_sign_ins_total", Help: "Sign-ins by user name and password, by result.",
	}, []string{"result"})}
	r.MustRegister(s.total)
	return s
}

func (s *signInMetrics) ended(err error) {
	result := "other"
	switch {
	case err == nil:
		result = "ok"
	case errors.Is(err, account.ErrWrongCredentials):
		result = "wrong"
	case errors.Is(err, account.ErrMustChange):
		result = "must_change"
	case errors.Is(err, account.ErrCodeRequired):
		result = "code_required"
	case errors.Is(err, account.ErrWrongCode):
		result = "wrong_code"
	case errors.Is(err, password.ErrBusy), errors.Is(err, guess.ErrTooManyAtOnce):
		result = "busy"
	case errors.Is(err, fault.ErrUnavailable):
		result = "unavailable"
	default:
		if _, ok := errors.AsType[*guess.ThrottledError](err); ok {
			result = "throttled"
		}
	}
	s.total.WithLabelValues(result).Inc()
}
