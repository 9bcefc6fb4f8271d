package upstream

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"time"
)

// Check says how replicas are checked. What is not set has a default.
type Check struct {
	// Host is the Host field; empty for the replica's name.
	Host string
	// Status are the ranges of statuses that are good, with both ends; empty for 200 to 299.
	Status [][2]int
	// Interval is the time from one check to the next, Timeout that of one probe.
	Interval, Timeout time.Duration
	// Failures in a row make a replica unhealthy. Within one check, probes that fail follow each other soon.
	Failures int
}

// With the defaults, a replica that hangs is found within checkEvery + 2 × checkTimeout + recheckAfter: under three seconds.
const (
	checkEvery    = time.Second
	checkTimeout  = 800 * time.Millisecond
	checkFailures = 2
	recheckAfter  = 100 * time.Millisecond
)

func (c Check) withDefaults() Check {
	c.Interval = cmp.Or(c.Interval, checkEvery)
	c.Timeout = cmp.Or(c.Timeout, checkTimeout)
	c.Failures = cmp.Or(c.Failures, checkFailures)
	if len(c.Status) == 0 {
		c.Status = [][2]int{{200, 299}}
	}
	return c
}

// good reports whether a response with the status is one of a healthy replica.
func (c *Check) good(status int) bool {
	return slices.ContainsFunc(c.Status, func(r [2]int) bool { return r[0] <= status && status <= r[1] })
}

// errNotReady is a response to the health check with another status than those that are good.
var errNotReady = errors.New("not ready")

// newChecker returns the client of the replica's health checks.
func (r *Replica) newChecker() *http.Client {
	// The URL is http: also by TLS, for what dial returns speaks TLS already.
	dial := func(ctx context.Context, _, _ string) (net.Conn, error) {
		nc, _, err := r.connect(ctx, r.upstream.spec.Check.Timeout)
		return nc, err
	}
	return &http.Client{
		Transport: &http.Transport{DisableKeepAlives: true, Proxy: nil, DialContext: dial},
		// A redirect is not followed: it is the response.
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
}

// keepChecking checks the replica until ctx ends, or it is retired and nothing waits for it any more. Each replica has a
// goroutine of its own: one that hangs does not delay the checks of the others.
func (r *Replica) keepChecking(ctx context.Context) {
	interval := r.upstream.spec.Check.Interval
	tick := min(interval, checkEvery) // connections are pruned also between checks
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	for due := time.Now(); r.pool.needed(); {
		if now := time.Now(); !now.Before(due) {
			due = now.Add(interval - tick/2)
			r.check(ctx)
		}
		r.pool.prune()
		select {
		case <-ctx.Done():
			return
		case <-ticker.C:
		}
	}
}

// check finds the replica healthy after one good probe, and unhealthy if each of some in a row is bad.
func (r *Replica) check(ctx context.Context) {
	err := r.probe(ctx)
	for n := 1; err != nil && n < r.upstream.spec.Check.Failures; n++ {
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
	ctx, cancel := context.WithTimeout(ctx, r.upstream.spec.Check.Timeout)
	defer cancel()
	path := r.upstream.spec.Health
	if path == "" {
		conn, _, err := r.connect(ctx, r.upstream.spec.Check.Timeout)
		if err != nil {
			return err
		}
		return conn.Close()
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+r.host+path, nil)
	if err != nil {
		return fmt.Errorf("health check: %w", err)
	}
	req.Host = cmp.Or(r.upstream.spec.Check.Host, r.host)
	req.Header.Set("User-Agent", "tallygate-health")
	resp, err := r.checker.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if !r.upstream.spec.Check.good(resp.StatusCode) {
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
