package httpd

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"tallygate/kit/problem"
)

// Readiness answers /readyz: 200 if every check passes and the service is not stopping, 503 otherwise. Which check
// failed is in the log, not in the answer: the public listeners serve it too.
type Readiness struct {
	checks   []func(context.Context) error
	draining atomic.Bool

	// Detail, if set, adds facts to the private listener's answer: how stale something is, say.
	Detail func() map[string]string
}

// readinessTimeout bounds the checks of one question. It is well below what a prober waits for an answer (the gateway:
// 800 ms): who says in time that the database is away is not ready, who says nothing seems to hang.
const readinessTimeout = 500 * time.Millisecond

// NewReadiness returns a Readiness over the checks, all of which have to return nil.
func NewReadiness(checks ...func(context.Context) error) *Readiness {
	return &Readiness{checks: checks}
}

// Drain makes the service not ready for good.
func (r *Readiness) Drain() { r.draining.Store(true) }

// Err is nil when the service is ready.
func (r *Readiness) Err(ctx context.Context) error {
	if r.draining.Load() {
		return problem.Unavailable("The service is stopping.", time.Second)
	}
	ctx, cancel := context.WithTimeout(ctx, readinessTimeout)
	defer cancel()
	for _, check := range r.checks {
		if err := check(ctx); err != nil {
			return err
		}
	}
	return nil
}

// ServeHTTP answers with {"status":"ready"}, or a problem.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.Err(req.Context()); err != nil {
		problem.Unavailable("The service is not ready.", time.Second).Write(w)
		return
	}
	writeStatus(w, "ready")
}

// Private answers /readyz on the private listener: the same status, and with it the failed check and the details.
func (r *Readiness) Private() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		answer := struct {
			Status string            `json:"status"`
			Reason string            `json:"reason,omitempty"`
			Detail map[string]string `json:"detail,omitempty"`
		}{Status: "ready"}
		status := http.StatusOK
		if err := r.Err(req.Context()); err != nil {
			status, answer.Status, answer.Reason = http.StatusServiceUnavailable, "not ready", err.Error()
		}
		if r.Detail != nil {
			answer.Detail = r.Detail()
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(answer) // the prober is gone: there is nobody left to tell
	})
}

// Live answers /livez: the process runs. It asks nothing else, so that an outage of a database restarts nobody.
func Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeStatus(w, "live") })
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"` + status + `"}`))
}
