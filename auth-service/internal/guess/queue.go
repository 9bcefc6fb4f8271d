package guess

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrTooManyAtOnce means that too many attempts of one user name or address were made at once. This one was not verified.
var ErrTooManyAtOnce = errors.New("too many attempts at once")

// queues are where attempts wait, one queue for each counter, first come, first served. Only the first in a queue uses
// the database: the others would wait there for the same row and hold a connection. The first leaves the queue when it is
// admitted or refused. Attempts that wait hold no place for hashing, so they keep nobody else from signing in.
type queues struct {
	mu        sync.Mutex
	byKey     map[Key]*queue
	byNetwork map[string][]*waiter // in the order of their arrival
	waiting   int                  // in all of them, the first ones included
	throttled int                  // how many may wait in a queue whose first waits for the end of a delay, the first included
}

type queue struct {
	waiters []*waiter // in the order of their arrival
	// refusal is set while the first waits for the end of a delay. Attempts that find no room in the queue get it.
	refusal *ThrottledError
}

// maxWaiting bounds the memory that waiting behind the first ones takes. It is shared out between addresses: one that has fewer waiters than
// another gets the place of the other's last. An attempt that need not wait is never refused because of it.
const maxWaiting = 1000

// waiter is one attempt in the queue of one counter.
type waiter struct {
	queues  *queues
	key     Key
	network string
	queue   *queue        // nil: not in it
	called  chan error    // gets nil when the waiter becomes the first, or the error that it is refused with
	ended   chan struct{} // gets an entry when an attempt under the key has ended
}

func newQueues(throttled int) *queues {
	return &queues{byKey: map[Key]*queue{}, byNetwork: map[string][]*waiter{}, throttled: throttled}
}

func (q *queues) newWaiter(key Key, network string) *waiter {
	return &waiter{queues: q, key: key, network: network, called: make(chan error, 1), ended: make(chan struct{}, 1)}
}

// attemptEnded wakes the first in the queue of the counter.
func (q *queues) attemptEnded(key Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := q.byKey[key]; at != nil {
		select {
		case at.waiters[0].ended <- struct{}{}:
		default:
		}
	}
}

// refuse refuses all in the queue of the counter except the first keep.
func (q *queues) refuse(key Key, keep int, refusal *ThrottledError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.byKey[key]
	if at == nil {
		return
	}
	for _, w := range at.waiters[min(keep, len(at.waiters)):] {
		q.forget(w)
		w.called <- refusal
	}
	at.waiters = at.waiters[:min(keep, len(at.waiters))]
	at.refusal = refusal
}

// join returns when the waiter is the first in its queue. Errors: ErrTooManyAtOnce, *ThrottledError.
func (w *waiter) join(ctx context.Context) error {
	first, err := w.enter()
	if first || err != nil {
		return err
	}
	select {
	case err := <-w.called:
		return err
	case <-ctx.Done():
		return w.giveUp()
	}
}

func (w *waiter) enter() (first bool, err error) {
	q := w.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.byKey[w.key]
	switch {
	case at != nil && at.refusal != nil && len(at.waiters) >= q.throttled:
		return false, at.refusal
	case at != nil && q.waiting-len(q.byKey) >= maxWaiting && !q.makeRoom(w.network):
		return false, ErrTooManyAtOnce
	case at == nil:
		at = &queue{}
		q.byKey[w.key] = at
	}
	at.waiters = append(at.waiters, w)
	w.queue = at
	q.waiting++
	q.byNetwork[w.network] = append(q.byNetwork[w.network], w)
	return len(at.waiters) == 1, nil
}

// makeRoom refuses the last waiter of the network that has most, if that has more than the given one. It reports whether it
// did.
func (q *queues) makeRoom(network string) bool {
	var last *waiter
	most := len(q.byNetwork[network]) + 2
	for _, waiters := range q.byNetwork {
		if len(waiters) < most {
			continue
		}
		if w := lastBehind(waiters); w != nil {
			last, most = w, len(waiters)
		}
	}
	if last == nil {
		return false
	}
	last.leaveLocked()
	last.called <- ErrTooManyAtOnce
	return true
}

// lastBehind is the last that is not the first in its queue. Those are about to use the database.
func lastBehind(waiters []*waiter) *waiter {
	for _, w := range slices.Backward(waiters) {
		if w.queue.waiters[0] != w {
			return w
		}
	}
	return nil
}

// forget takes a waiter out of the count. Its queue has to drop it too.
func (q *queues) forget(w *waiter) {
	w.queue = nil
	q.waiting--
	of := q.byNetwork[w.network]
	i := slices.Index(of, w)
	if q.byNetwork[w.network] = slices.Delete(of, i, i+1); len(of) == 1 {
		delete(q.byNetwork, w.network)
	}
}

// giveUp leaves the queue and returns the error that the attempt is refused with.
func (w *waiter) giveUp() error {
	w.queues.mu.Lock()
	defer w.queues.mu.Unlock()
	defer w.leaveLocked()
	switch {
	case w.queue == nil: // it was refused at the same moment
		return <-w.called
	case w.queue.refusal != nil:
		return w.queue.refusal
	}
	return ErrTooManyAtOnce
}

// leave lets the next one be the first.
func (w *waiter) leave() {
	w.queues.mu.Lock()
	defer w.queues.mu.Unlock()
	w.leaveLocked()
}

func (w *waiter) leaveLocked() {
	at := w.queue
	if at == nil {
		return
	}
	w.queues.forget(w)
	i := slices.Index(at.waiters, w)
	at.waiters = slices.Delete(at.waiters, i, i+1)
	switch {
	case len(at.waiters) == 0:
		delete(w.queues.byKey, w.key)
	case i == 0:
		at.refusal = nil
		at.waiters[0].called <- nil
	}
}
