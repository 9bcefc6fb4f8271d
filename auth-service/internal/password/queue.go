package password

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// ErrBusy means that the queue for hashing is full, or that waiting in it took too long. Nothing was hashed.
var ErrBusy = errors.New("too many passwords to hash at once")

// Queue admits work: so many at once, so many waiting, nobody longer than a bound. One hash takes 19 MiB and a whole
// core, so an unbounded number of logins would take the machine.
type Queue struct {
	slots   chan struct{}
	waiting atomic.Int64
	entered atomic.Int64
	limit   int64
	wait    time.Duration
	tidy    *time.Timer
}

// tidyAfter is how long nothing has to be hashed before memory is given back to the system. Each hash leaves 19 MiB
// behind, which Go would keep for minutes.
const tidyAfter = time.Second

// NewQueue admits atOnce at a time and lets waiting more wait for at most wait.
func NewQueue(atOnce, waiting int, wait time.Duration) *Queue {
	q := &Queue{slots: make(chan struct{}, atOnce), limit: int64(waiting), wait: wait, tidy: time.AfterFunc(tidyAfter, debug.FreeOSMemory)}
	q.tidy.Stop()
	return q
}

// Enter keeps a place for work that costs something before it comes to Do, until leave is called. The error is ErrBusy,
// at once, if as many have entered as can be at work and waiting.
func (q *Queue) Enter() (leave func(), err error) {
	if q.entered.Add(1) > q.limit+int64(cap(q.slots)) {
		q.entered.Add(-1)
		return nil, ErrBusy
	}
	return func() { q.entered.Add(-1) }, nil
}

// Do runs work when it is its turn. The error is ErrBusy, or ctx's when the client went away; work has then not run.
func (q *Queue) Do(ctx context.Context, work func()) error {
	select {
	case q.slots <- struct{}{}:
	default:
		if err := q.await(ctx); err != nil {
			return err
		}
	}
	defer func() {
		<-q.slots
		q.tidy.Reset(tidyAfter)
	}()
	work()
	return nil
}

func (q *Queue) await(ctx context.Context) error {
	if q.waiting.Add(1) > q.limit {
		q.waiting.Add(-1)
		return ErrBusy
	}
	defer q.waiting.Add(-1)
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	select {
	case q.slots <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}

// Waiting is how many wait now, for metrics.
func (q *Queue) Waiting() int { return int(q.waiting.Load()) }
