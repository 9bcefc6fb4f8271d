package upstream

import (
	"cmp"
	"context"
	"errors"
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

func (c *Check) withDefaults() Check {
	d := *c
	d.Interval = cmp.Or(d.Interval, checkEvery)
	d.Timeout = cmp.Or(d.Timeout, checkTimeout)
	d.Failures = cmp.Or(d.Failures, checkFailures)
	if len(d.Status) == 0 {
		d.Status = [][2]int{{200, 299}}
	}
	return d
}

// good reports whether a response with the status is one of a healthy replica.
func (c *Check) good(status int) bool {
	return slices.ContainsFunc(c.Status, func(r [2]int) bool { return r[0] <= status && status <= r[1] })
}

// errNotReady is a response to the health check with another status than those that are good.
var errNotReady = errors.New("not ready")

// keepChecking checks the replica until ctx ends, or it is retired and nothing waits for it any more. Each replica has a
// goroutine of its own: one that hangs does not delay the checks of the others.
func (r *Replica) keepChecking(ctx context.Context) {
	interval := r.upstream.spec.Check.Interval
	tick := min(interval, checkEvery) // connections are pruned also between checks
	ticker := time.NewTicker(tick)
	defer ticker.Stop()
	ctx, cancel := context.WithCancel(ctx)
	defer cancel() // ends a probe that is still waited for
	var probes prober
	for due := time.Now(); r.pool.needed(); {
		if now := time.Now(); !now.Before(due) {
			due = now.Add(interval - tick/2)
			r.check(ctx, &probes)
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
func (r *Replica) check(ctx context.Context, probes *prober) {
	signs := r.watchForLife()
	defer signs.end()
	err := probes.probe(ctx, r)
	for n := 1; err != nil && n < r.upstream.spec.Check.Failures; n++ {
		signs.failed(err)
		select {
		case <-ctx.Done():
			return
		case <-time.After(recheckAfter):
		}
		err = probes.probe(ctx, r)
	}
	if ctx.Err() != nil || errors.Is(err, ErrShortage) { // what the gateway lacks says nothing about the replica
		return
	}
	signs.failed(err)
	r.checked(ctx, err, signs)
}

// checked applies the result of a check. A replica that fails it gets no new requests while there are others. Those that it has
// go on: it may be stopping, or its database may be unreachable, or it has one worker, which is at work. Only if it seems to
// hang, those go elsewhere that can.
func (r *Replica) checked(ctx context.Context, err error, signs *signs) {
	r.lastResult.Store(&result{err, time.Now()})
	unhealthy := err != nil
	changed := r.unhealthy.Swap(unhealthy) != unhealthy
	log := r.upstream.registry.log
	if !unhealthy {
		if changed {
			r.served.Store(false)
			r.upstream.doubted.Store(false)
			r.ejection.reset()
			r.logHealthy()
		}
		return
	}
	waiting := r.pool.waitingCount()
	hangs := waiting > 0 && !signs.seen() && r.upstream.othersRespond(ctx, r)
	if changed {
		what := "replica is unhealthy"
		if waiting > 0 && !hangs && !signs.answered {
			what = "replica is busy: it does not answer its health check while it has requests, which go on"
		}
		log.Warn(what, "upstream", r.upstream.spec.Addresses, "replica", r.addr, "waiting_requests", waiting, "error", err) //nolint:sloglint // one of two constants
	}
	if hangs {
		r.pool.giveUp()
	}
	r.upstream.doubtTheCheck()
}
