package guess

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrCrowded means that too many attempts of one user name or address were made at once. This one was not verified.
var ErrCrowded = errors.New("too many attempts at once")

// queues are where attempts wait, one queue for each counter, first come, first served. Only the first in a queue asks the
// database: the others would wait there for the same row and hold a connection. The first leaves the queue when it is
// admitted or refused. Attempts that wait hold no place for hashing, so they keep nobody else from signing in.
type queues struct {
	mu        sync.Mutex
	of        map[Key]*queue
	waiting   int // in all of them, the first ones included
	throttled int // how many may wait in a queue whose first waits for the end of a delay, the first included
}

type queue struct {
	turns []*turn // in the order of their arrival
	// refusal is set while the first waits for the end of a delay. It is what those get for whom there is no room then.
	refusal *ThrottledError
}

// maxWaiting bounds the memory that waiting takes. An attempt that need not wait is never refused because of it.
const maxWaiting = 1000

// turn is the position of one attempt in the queue of one counter.
type turn struct {
	queues *queues
	key    Key
	queue  *queue        // nil: not in it
	called chan error    // gets nil when the turn has become the first, or the reason why it had to leave
	ended  chan struct{} // gets an entry when an attempt has ended that was counted under the key
}

func newQueues(throttled int) *queues { return &queues{of: map[Key]*queue{}, throttled: throttled} }

func (q *queues) turn(key Key) *turn {
	return &turn{queues: q, key: key, called: make(chan error, 1), ended: make(chan struct{}, 1)}
}

// attemptEnded wakes the first who waits for the counter.
func (q *queues) attemptEnded(key Key) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if at := q.of[key]; at != nil {
		select {
		case at.turns[0].ended <- struct{}{}:
		default:
		}
	}
}

// refuse sends those away who wait for the counter, except the first keep.
func (q *queues) refuse(key Key, keep int, refusal *ThrottledError) {
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.of[key]
	if at == nil {
		return
	}
	for _, t := range at.turns[min(keep, len(at.turns)):] {
		t.queue = nil
		t.called <- refusal
		q.waiting--
	}
	at.turns = at.turns[:min(keep, len(at.turns))]
	at.refusal = refusal
}

// join returns when the turn is the first in its queue. Errors: ErrCrowded, *ThrottledError.
func (t *turn) join(ctx context.Context) error {
	first, err := t.enter()
	if first || err != nil {
		return err
	}
	select {
	case err := <-t.called:
		return err
	case <-ctx.Done():
		return t.giveUp()
	}
}

func (t *turn) enter() (first bool, err error) {
	q := t.queues
	q.mu.Lock()
	defer q.mu.Unlock()
	at := q.of[t.key]
	switch {
	case at != nil && at.refusal != nil && len(at.turns) >= q.throttled:
		return false, at.refusal
	case at != nil && q.waiting >= maxWaiting:
		return false, ErrCrowded
	case at == nil:
		at = &queue{}
		q.of[t.key] = at
	}
	at.turns = append(at.turns, t)
	t.queue = at
	q.waiting++
	return len(at.turns) == 1, nil
}

// giveUp leaves the queue and says why the turn never came.
func (t *turn) giveUp() error {
	t.queues.mu.Lock()
	defer t.queues.mu.Unlock()
	defer t.leaveLocked()
	switch {
	case t.queue == nil: // it was sent away at the same moment
		return <-t.called
	case t.queue.refusal != nil:
		return t.queue.refusal
	}
	return ErrCrowded
}

// leave lets the next one be the first.
func (t *turn) leave() {
	t.queues.mu.Lock()
	defer t.queues.mu.Unlock()
	t.leaveLocked()
}

func (t *turn) leaveLocked() {
	at := t.queue
	if at == nil {
		return
	}
	t.queue = nil
	t.queues.waiting--
	i := slices.Index(at.turns, t)
	at.turns = slices.Delete(at.turns, i, i+1)
	switch {
	case len(at.turns) == 0:
		delete(t.queues.of, t.key)
	case i == 0:
		at.refusal = nil
		at.turns[0].called <- nil
	}
}
