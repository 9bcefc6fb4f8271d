package upstream

import (
	"context"
	"errors"
	"runtime"
	"time"

	"tallygate/gateway/internal/wire"
)

// Budget is budget.
type Budget = budget

// Allow is allow.
func (b *Budget) Allow(total uint64) bool { return b.allow(total) }

// RetryBurst is retryBurst.
const RetryBurst = retryBurst

// Replicas are the addresses of the upstream's replicas now, and whether each is available.
func (u *Upstream) Replicas() map[string]bool {
	all := map[string]bool{}
	for _, r := range *u.replicas.Load() {
		all[r.addr] = r.available(u.registry.watch.Now())
	}
	return all
}

// Picked is the address that a request would go to, "" without any.
func (u *Upstream) Picked() string {
	if r := u.Pick(nil); r != nil {
		return r.addr
	}
	return ""
}

// at is the replica with this address; nil if there is none.
func (u *Upstream) at(addr string) *Replica {
	return scan(*u.replicas.Load(), 0, func(r *Replica) bool { return r.addr == addr })
}

// Occupy gives a replica so many requests.
func (u *Upstream) Occupy(addr string, requests int64) { u.at(addr).inFlight.Store(requests) }

// Fail notes that a replica took no connection.
func (u *Upstream) Fail(addr string) { u.at(addr).Failed(true, errors.New("it takes no connection")) }

// Respond notes that a replica has responded with a status.
func (u *Upstream) Respond(addr string, status int) { u.at(addr).Responded(status) }

// Stream opens a connection to a replica on which a response has begun, and returns what reports whether more of it has come.
func (u *Upstream) Stream(addr string) (goesOn func() bool, err error) {
	c, err := u.at(addr).Dial()
	if err != nil {
		return nil, err
	}
	c.Begin(false)
	c.SetResponding()
	return func() bool { return c.Received() > 0 }, nil
}

// FindSilent has a replica checked that does not respond, while something else happens after the first probe.
func (u *Upstream) FindSilent(addr string, during func()) {
	r := u.at(addr)
	signs := r.watchForLife()
	defer signs.end()
	signs.failed(context.DeadlineExceeded)
	during()
	signs.failed(context.DeadlineExceeded)
	r.checked(context.Background(), context.DeadlineExceeded, signs)
}

// CheckNow checks every replica.
func (u *Upstream) CheckNow() {
	for _, r := range *u.replicas.Load() {
		r.check(context.Background(), new(prober))
	}
}

// Succeed notes that a replica has responded.
func (u *Upstream) Succeed(addr string) { u.at(addr).Responded(200) }

// Wait opens a connection to a replica, on which a response is waited for, to a request that can be sent elsewhere or not. It is stopped when stopped says so.
func (u *Upstream) Wait(addr string, movable bool) (stopped func() bool, err error) {
	c, err := u.at(addr).Dial()
	if err != nil {
		return nil, err
	}
	c.Begin(movable)
	return func() bool { return c.Stopped() == wire.Ejected }, nil
}

// Connect opens and closes a connection to a replica.
func (u *Upstream) Connect(addr string) error {
	c, err := u.at(addr).Dial()
	if err == nil {
		c.Close()
	}
	return err
}

// FindUnhealthy has the active check find a replica unhealthy, by a response that it is not ready or by none.
func (u *Upstream) FindUnhealthy(addr string, responds bool) {
	r := u.at(addr)
	err := context.DeadlineExceeded
	if responds {
		err = &statusError{"503"}
	}
	signs := r.watchForLife()
	signs.failed(err)
	r.checked(context.Background(), err, signs)
}

// KeepsStopped has a replica given up while a connection to it is put back, and reports whether the connection is kept.
func (u *Upstream) KeepsStopped(addr string) (bool, error) {
	r := u.at(addr)
	c, err := r.Dial()
	if err != nil {
		return false, err
	}
	put := make(chan struct{})
	r.pool.mu.Lock()
	go func() {
		defer close(put)
		c.Keep(0)
	}()
	for range 1000 {
		runtime.Gosched() // put gets as far as it can
	}
	c.Stop(wire.Ejected) // as giveUp does
	r.pool.mu.Unlock()
	<-put
	kept := r.pool.pop(0)
	if kept != nil {
		kept.Close()
	}
	return kept != nil, nil
}

// Hosts are the replicas' names.
func (u *Upstream) Hosts() []string {
	var all []string
	for _, r := range *u.replicas.Load() {
		all = append(all, r.Host())
	}
	return all
}

// ReadOne opens a connection on which one byte comes, reads it, and reports whether the connection can be kept then.
func (u *Upstream) ReadOne(addr string) (idle bool, err error) {
	c, err := u.at(addr).Dial()
	if err != nil {
		return false, err
	}
	defer c.Close()
	c.SetTimeout(10 * time.Second)
	if _, err = c.Read(make([]byte, 1)); err != nil {
		return false, err
	}
	return c.Idle(), nil
}

// KeepOne opens a connection and keeps it.
func (u *Upstream) KeepOne(addr string) error {
	c, err := u.at(addr).Dial()
	if err == nil {
		c.Keep(0)
	}
	return err
}

// TakesKept reports whether a kept connection is used again.
func (u *Upstream) TakesKept(addr string) bool {
	c := u.at(addr).Take(false)
	if c != nil {
		c.Close()
	}
	return c != nil
}
