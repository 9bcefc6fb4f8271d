package upstream

import (
	"context"
	"errors"
)

// A replica that does not answer its health check hangs, or it is busy: a server with one worker answers one request after the
// other. From outside the two look alike for a while. What tells them apart are signs of life, and what is done follows from
// what is lost by a mistake:
//
//   - Signs of life during the check: it is busy. Nothing is broken off.
//   - None, and no other replica responds: nothing is gained by breaking off. All may be one process, under several addresses.
//   - None, while another replica responds: requests that can be sent there are, each of them once for this reason. A request that
//     makes two replicas silent takes long by itself. All others stay, until timeouts.first_byte ends them.

// signs are those of one check. They are noticed while it lasts.
type signs struct {
	replica  *Replica
	answered bool             // the check got a response, if a bad one
	before   map[*Conn]uint64 // what had come of responses when the first probe had failed; nil before
}

// watchForLife begins to look for signs.
func (r *Replica) watchForLife() *signs {
	r.responded.Store(false)
	r.watched.Store(true)
	return &signs{replica: r}
}

func (s *signs) end() { s.replica.watched.Store(false) }

// failed notes a probe that failed, or not.
func (s *signs) failed(err error) {
	s.answered = s.answered || errors.Is(err, errNotReady)
	if err != nil && s.before == nil {
		s.before = s.replica.pool.received()
	}
}

// seen reports whether there was a sign of life: a response to a probe, a response that has begun, or more of one.
func (s *signs) seen() bool {
	return s.answered || s.replica.responded.Load() || s.replica.pool.hasReceived(s.before)
}

// othersRespond reports whether another replica is available, and responds now.
func (u *Upstream) othersRespond(ctx context.Context, r *Replica) bool {
	now := u.registry.watch.Now()
	for _, o := range *u.replicas.Load() {
		if o != r && o.available(now) && o.responds(ctx) {
			return true
		}
	}
	return false
}
