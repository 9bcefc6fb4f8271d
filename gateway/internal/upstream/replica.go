package upstream

import (
	"context"
	"crypto/tls"
	"errors"
	"net"
	"net/http"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/h2"
	"tallygate/gateway/internal/wire"
)

// Replica is one address of an upstream. Its methods may be called by many goroutines.
type Replica struct {
	place

	upstream *Upstream
	checker  *http.Client // of the health check
	secured  secured

	inFlight atomic.Int64  // requests
	total    atomic.Uint64 // requests so far

	unhealthy  atomic.Bool // found by the active check
	lastResult atomic.Pointer[result]
	watched    atomic.Bool // a check is under way
	responded  atomic.Bool // a response has begun during it
	served     atomic.Bool // a call has succeeded while the replica was unhealthy

	ejection ejection
	pool     pool
	links    *h2.Links // nil unless it speaks HTTP/2
}

func newReplica(u *Upstream, at place) *Replica {
	r := &Replica{upstream: u, place: at, pool: pool{watch: u.registry.watch, all: map[*Conn]struct{}{}}}
	r.checker = r.newChecker()
	if u.spec.HTTP2 {
		r.links = h2.NewLinks(func(ctx context.Context) (net.Conn, error) {
			nc, _, err := r.connect(ctx, u.spec.Timeouts.Connect)
			return nc, err
		})
	}
	return r
}

// Addr is the replica's address: host:port, or the path of a Unix socket after "unix:".
func (r *Replica) Addr() string { return r.addr }

// Host is the replica's name in the configuration, as a Host field.
func (r *Replica) Host() string { return r.host }

// available reports whether the replica is neither unhealthy nor ejected.
func (r *Replica) available(now int64) bool { return !r.unhealthy.Load() && !r.ejection.active(now) }

// Enter counts a request in flight, until Leave. A request that still waits for its connection is in flight: otherwise a
// replica to which connections take long would be chosen for having nothing to do.
func (r *Replica) Enter() { r.inFlight.Add(1) }

// Leave ends what Enter began.
func (r *Replica) Leave() { r.inFlight.Add(-1) }

// Take returns an idle connection, the one used last; nil if there is none. By TLS, it is one that could be opened now: no
// certificate or authority that it was opened with has been replaced. A request that cannot be sent twice
// (sendOnce) only gets one that was in use a moment ago, which its server is not about to close.
func (r *Replica) Take(sendOnce bool) *Conn { return r.pool.take(sendOnce, r.tlsConfig()) }

// Dial opens a connection; to a replica that speaks HTTP/2 it is a stream. If that fails, Dial notes it as Failed does, unless the error is ErrShortage, or wire.ErrOverloaded:
// there is no memory for TLS.
func (r *Replica) Dial() (*Conn, error) {
	weight, budget := r.connWeight(), r.upstream.registry.budget
	if weight > 0 && !budget.Spend(weight) {
		return nil, wire.ErrOverloaded
	}
	// Connecting takes a large stack. The caller's may have to last as long as a stream, so another goroutine connects.
	type dialed struct {
		conn    net.Conn
		secured *tls.Config
		err     error
	}
	done := make(chan dialed, 1)
	go func() {
		if r.links != nil {
			call, err := r.links.Call(context.Background())
			done <- dialed{call, nil, err}
			return
		}
		nc, secured, err := r.connect(context.Background(), r.upstream.spec.Timeouts.Connect)
		done <- dialed{nc, secured, err}
	}()
	d := <-done
	if err := d.err; err != nil {
		budget.GiveBack(weight)
		if !errors.Is(err, ErrShortage) {
			r.Failed(true, err)
		}
		return nil, err
	}
	c := &Conn{Conn: wire.NewConn(d.conn, r.upstream.registry.watch), replica: r, secured: d.secured}
	r.pool.add(c)
	return c, nil
}

// connect opens a connection, in which nothing has been sent but what TLS needs. secured is its configuration; nil without TLS.
func (r *Replica) connect(ctx context.Context, timeout time.Duration) (nc net.Conn, secured *tls.Config, err error) {
	if r.upstream.tls == nil {
		nc, err = r.upstream.registry.dial(ctx, r.addr, timeout)
		return nc, nil, err
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if nc, err = r.upstream.registry.dial(bounded, r.addr, timeout); err != nil {
		return nil, nil, err
	}
	return r.shakeHands(bounded, nc)
}

// Failed notes a request that failed, and why. Some in a row eject the replica; one that found it unreachable does so at once.
func (r *Replica) Failed(unreachable bool, why error) {
	if r.ejection.failed(r.upstream.registry.watch.Now(), unreachable, why) {
		r.upstream.registry.log.Warn("replica is ejected: it fails requests",
			"upstream", r.upstream.spec.Addresses, "replica", r.addr, "error", why)
	}
}

// Responded notes that a response with this status has begun.
func (r *Replica) Responded(status int) {
	if r.watched.Load() {
		r.responded.Store(true)
	}
	if status < 400 && r.unhealthy.Load() {
		r.served.Store(true)
	}
	if r.ejection.failing() && r.ejection.reset() {
		r.logHealthy()
	}
}

func (r *Replica) logHealthy() {
	r.upstream.registry.log.Info("replica is healthy again", "upstream", r.upstream.spec.Addresses, "replica", r.addr)
}
