package password

import (
	"context"
	"errors"
	"runtime/debug"
	"sync/atomic"
	"time"
)

// ErrBusy means that there are too many passwords to hash, or that this one waited too long. Nothing was hashed.
var ErrBusy = errors.New("too many passwords to hash at once")

// Queue bounds hashing: how many hashes are made at once, how many passwords have a place, and how long one waits. One
// hash takes 19 MiB and a whole core, so unbounded sign-ins would take all of the machine.
type Queue struct {
	workers chan struct{} // has an entry for each hash that is being made
	places  int64
	taken   atomic.Int64 // places
	waiting atomic.Int64 // for a worker
	wait    time.Duration
	tidy    *time.Timer
}

// tidyAfter is how long nothing has to be hashed before memory is given back to the system. Each hash leaves 19 MiB
// behind, which Go would keep for minutes.
const tidyAfter = time.Second

// NewQueue makes a queue for atOnce hashes at a time, with places for waiting more. None waits longer than wait.
func NewQueue(atOnce, waiting int, wait time.Duration) *Queue {
	q := &Queue{
		workers: make(chan struct{}, atOnce), places: int64(atOnce + waiting), wait: wait,
		tidy: time.AfterFunc(tidyAfter, debug.FreeOSMemory),
	}
	q.tidy.Stop()
	return q
}

// Waiting is how many wait for a worker now, for metrics.
func (q *Queue) Waiting() int { return int(q.waiting.Load()) }

// Place returns a place that is not taken yet.
func (q *Queue) Place() *Place { return &Place{queue: q} }

// Place is the place of one password in a queue: nothing is hashed without one. A caller that does something costly before
// the hash, such as a query, takes the place before that. Not safe for concurrent use.
type Place struct {
	queue *Queue
	taken bool
}

// Enter takes the place until Leave is called. The error is ErrBusy, at once, if all places are taken.
func (p *Place) Enter() error {
	if p.taken {
		return nil
	}
	if p.queue.taken.Add(1) > p.queue.places {
		p.queue.taken.Add(-1)
		return ErrBusy
	}
	p.taken = true
	return nil
}

// Leave gives the place back. If it is not taken, Leave does nothing.
func (p *Place) Leave() {
	if p.taken {
		p.taken = false
		p.queue.taken.Add(-1)
	}
}

// Do runs work when a worker is free. It takes the place for that time if it is not taken. The error is ErrBusy, or
// ctx's if the client is gone; work has then not run.
func (p *Place) Do(ctx context.Context, work func()) error {
	if !p.taken {
		if err := p.Enter(); err != nil {
			return err
		}
		defer p.Leave()
	}
	q := p.queue
	select {
	case q.workers <- struct{}{}:
	default:
		if err := q.await(ctx); err != nil {
			return err
		}
	}
	defer func() {
		<-q.workers
		q.tidy.Reset(tidyAfter)
	}()
	work()
	return nil
}

func (q *Queue) await(ctx context.Context) error {
	q.waiting.Add(1)
	defer q.waiting.Add(-1)
	timer := time.NewTimer(q.wait)
	defer timer.Stop()
	select {
	case q.workers <- struct{}{}:
		return nil
	case <-timer.C:
		return ErrBusy
	case <-ctx.Done():
		return ctx.Err()
	}
}
