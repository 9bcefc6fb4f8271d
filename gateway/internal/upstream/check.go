package upstream

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"time"
)

// The active check finds a replica that hangs within checkEvery + 2 × checkTimeout + recheckAfter: under three seconds.
const (
	checkEvery   = time.Second
	checkTimeout = 800 * time.Millisecond
	recheckAfter = 100 * time.Millisecond
)

// errNotReady is a response to the health check that is not 2xx.
var errNotReady = errors.New("not ready")

// newChecker returns the client of the replica's health checks.
func (r *Replica) newChecker() *http.Client {
	// The URL is http: also by TLS, for what dial returns speaks TLS already.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		nc, _, err := r.connect(ctx, checkTimeout)
		return nc, err
	}
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil, DialContext: dial},
		// A redirect is not followed: it is a response other than 2xx.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// keepChecking checks the replica until ctx ends, or it is retired and nothing waits for it any more. Each replica has a
// goroutine of its own: one that hangs does not delay the checks of the others.
func (r *Replica) keepChecking(ctx context.Context) {
	ticker := time.NewTicker(checkEvery)
	defer ticker.Stop()
	for r.pool.needed() {
		r.check(ctx)
		r.pool.prune()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// check finds the replica healthy after one good probe, and unhealthy after two bad ones.
func (r *Replica) check(ctx context.Context) {
	err := r.probe(ctx)
	if err != nil {
		select {
		case <-ctx.Done():
			return
		case <-time.After(recheckAfter):
		}
		err = r.probe(ctx)
	}
	if ctx.Err() == nil && !errors.Is(err, ErrShortage) { // what the gateway lacks says nothing about the replica
		r.checked(err)
	}
}

// probe sends one request of the health check, or only connects if there is no path for it.
func (r *Replica) probe(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, checkTimeout)
	defer cancel()
	path := r.upstream.spec.Health
	if path == "" {
		conn, _, err := r.connect(ctx, checkTimeout)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.host+path, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Header.Set("User-Agent", "tallygate-health")
	resp, err := r.checker.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode < 200 || resp.StatusCode > 299 {
		return fmt.Errorf("%w: %s", errNotReady, resp.Status)
	}
	return nil
}

// checked applies the result of a check. A replica that responds that it is not ready finishes the requests that it has:
// it may be stopping, or its database may be unreachable. A replica that does not respond hangs.
func (r *Replica) checked(err error) {
	unhealthy := err != nil
	if r.unhealthy.Swap(unhealthy) != unhealthy {
		if unhealthy {
			r.upstream.registry.log.Warn("replica is unhealthy", "upstream", r.upstream.spec.Addresses, "replica", r.addr, "error", err)
		} else {
			r.ejection.reset()
			r.logHealthy()
		}
	}
	// The requests to which a hanging replica has not begun to respond are sent to another one, if one is available.
	if unhealthy && !errors.Is(err, errNotReady) && r.upstream.HasOther(r, true) {
		r.pool.giveUp()
	}
}
