package upstream

import (
	"errors"
	"time"
)

// result is that of a replica's last check.
type result struct {
	err error
	at  time.Time
}

// NameRoutes says which routes the upstream has, for its log.
func (u *Upstream) NameRoutes(names []string) { u.routes.Store(&names) }

// doubtTheCheck says in the log, once, that it is probably the check that is wrong: every replica responds to it with a bad
// status, but calls succeed.
func (u *Upstream) doubtTheCheck() {
	if u.doubted.Load() {
		return
	}
	succeeded, status := false, ""
	for _, r := range *u.replicas.Load() {
		last := r.lastResult.Load()
		if last == nil {
			return
		}
		bad, isStatus := errors.AsType[*statusError](last.err)
		if !isStatus {
			return
		}
		status = bad.status
		succeeded = succeeded || r.served.Load()
	}
	if !succeeded || u.doubted.Swap(true) {
		return
	}
	var routes []string
	if names := u.routes.Load(); names != nil {
		routes = *names
	}
	u.registry.log.Warn("the health check fails at every replica, but calls succeed: is its path right?",
		"routes", routes, "path", u.spec.Health, "status", status, "upstream", u.spec.Addresses)
}

// statusError is a response to the health check with another status than those that are good.
type statusError struct{ status string }

func (e *statusError) Error() string { return errNotReady.Error() + ": " + e.status }

func (e *statusError) Unwrap() error { return errNotReady }
