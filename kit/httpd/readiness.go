package httpd

import (
	"context"
	"encoding/json"
	"net/http"
	"sync/atomic"
	"time"

	"tallygate/kit/problem"
)

// Readiness serves /readyz: 200 if every check passes and the service is not stopping, 503 otherwise. The public response
// does not say which check failed. The private listener's response does.
type Readiness struct {
	checks   []func(context.Context) error
	draining atomic.Bool

	// Detail, if set, adds facts to the private listener's response, for example how stale something is.
	Detail func() map[string]string
}

// readinessTimeout is for all checks of one request. It is well below the timeout of a health check (the
// gateway's: 800 ms). A service whose database is unreachable has to respond 503 in time, or it seems to hang.
const readinessTimeout = 500 * time.Millisecond

// NewReadiness returns a Readiness with these checks. The service is ready while all of them return nil.
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

// ServeHTTP responds with {"status":"ready"} or a problem.
func (r *Readiness) ServeHTTP(w http.ResponseWriter, req *http.Request) {
	if err := r.Err(req.Context()); err != nil {
		problem.Unavailable("The service is not ready.", time.Second).Write(w)
		return
	}
	writeStatus(w, "ready")
}

// Private serves /readyz on the private listener. Its response has the failed check and the details too.
func (r *Readiness) Private() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, req *http.Request) {
		response := struct {
			Status string            `json:"status"`
			Reason string            `json:"reason,omitempty"`
			Detail map[string]string `json:"detail,omitempty"`
		}{Status: "ready"}
		status := http.StatusOK
		if err := r.Err(req.Context()); err != nil {
			status, response.Status, response.Reason = http.StatusServiceUnavailable, "not ready", err.Error()
		}
		if r.Detail != nil {
			response.Detail = r.Detail()
		}
		w.Header().Set("Content-Type", "application/json")
		w.Header().Set("Cache-Control", "no-store")
		w.WriteHeader(status)
		_ = json.NewEncoder(w).Encode(response) // an error means that the client is gone
	})
}

// Live serves /livez: the process runs. It checks nothing else, so that an outage of the database restarts no service.
func Live() http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) { writeStatus(w, "live") })
}

func writeStatus(w http.ResponseWriter, status string) {
	w.Header().Set("Content-Type", "application/json")
	w.Header().Set("Cache-Control", "no-store")
	_, _ = w.Write([]byte(`{"status":"` + status + `"}`))
}
