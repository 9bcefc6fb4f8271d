package password

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"sync"
	"time"

	"tallygate/kit/turn"
)

// ErrBusy means that there are too many passwords to hash, or that this one waited too long. Nothing was hashed.
var ErrBusy = errors.New("too many passwords to hash at once")

// ErrTooLarge is an ErrBusy: the hash takes more memory than this process has for hashes, whatever else it does.
var ErrTooLarge = fmt.Errorf("%w: the hash takes more memory than the limit of this process allows", ErrBusy)

// QueueConfig bounds a Queue.
type QueueConfig struct {
	Workers int           // hashes that are made at once, if their memory allows it
	Waiting int           // places beside those of the workers
	Wait    time.Duration // how long a password may wait for its turn
	// MemoryKiB is the memory of all hashes that are made at once. One that takes more is made alone, and one that takes more than
	// half as much again is not made at all. 0 is any memory. What finished hashes leave to the garbage collector may take
	// half as much besides.
	MemoryKiB uint64
}

// Queue bounds hashing, and shares it out fairly: how many hashes are made at once and how much memory they take, how many
// passwords have a place, and how long one waits. One hash takes 19 MiB and a whole core, so unbounded sign-ins would take
// all of the machine. Safe for concurrent use.
//
// Each address waits in a line of its own, and the lines get their turns one after the other. When all places are taken, a
// newcomer gets the last place of the address that has most, if the newcomer's address has fewer. While others wait,
// registrations get half of the workers, turns and places at most.
type Queue struct {
	cfg    QueueConfig
	places int
	lines  *turn.Lines // by address, of those who enter in turn; how many wait is bounded by the requests in flight
	tidy   *time.Timer

	mu         sync.Mutex
	classes    [classes]class
	last       classNumber // which had the last turn
	arrivals   uint64
	turns      uint64
	running    int
	runningKiB uint64
	perTurn    time.Duration // between two turns while all workers are busy, a moving average; 0: not known yet
	waiting    [kinds]int
	refused    [refusals]uint64

	garbage    garbage
	collecting sync.Mutex // held while the garbage collector runs for the queue
}

// tidyAfter is how long nothing has to be hashed before memory is given back to the system. Each hash leaves 19 MiB
// behind, which Go would keep for minutes.
const tidyAfter = time.Second

// NewQueue makes a queue.
func NewQueue(cfg QueueConfig) *Queue {
	q := &Queue{
		cfg: cfg, places: cfg.Workers + cfg.Waiting, lines: turn.NewLines(inTurn, math.MaxInt),
		tidy: time.AfterFunc(tidyAfter, debug.FreeOSMemory),
	}
	q.tidy.Stop()
	for i := range q.classes {
		q.classes[i].shares, q.classes[i].turns = map[string]*share{}, &q.turns
	}
	return q
}

// Place returns a place that is not taken yet.
func (q *Queue) Place(c Claim) *Place { return &Place{queue: q, claim: c} }

// await waits for the place's turn. The error is ErrBusy or ctx's.
func (q *Queue) await(ctx context.Context, p *Place, c cost) error {
	q.mu.Lock()
	if p.lost {
		q.mu.Unlock()
		return ErrBusy
	}
	p.cost, p.turns, p.called = c, c.turns, make(chan error, 1)
	q.classOf(p).wait(p)
	q.waiting[p.claim.Kind]++
	q.dispatch()
	q.mu.Unlock()
	select {
	case err := <-p.called:
		return err
	default:
	}
	timer := time.NewTimer(q.cfg.Wait)
	defer timer.Stop()
	select {
	case err := <-p.called:
		return err
	case <-timer.C:
		return q.giveUp(p, ErrBusy)
	case <-ctx.Done():
		return q.giveUp(p, ctx.Err())
	}
}

// giveUp ends a wait with err, unless it has just ended otherwise.
func (q *Queue) giveUp(p *Place, err error) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if p.state != waiting {
		return <-p.called
	}
	q.classOf(p).stopWaiting(p)
	p.state = entered
	q.waiting[p.claim.Kind]--
	if errors.Is(err, ErrBusy) {
		q.refused[waitedTooLong]++
	}
	q.dispatch() // the one that follows may fit into the memory that is left
	return err
}

// dispatch calls those whose turn it is, as long as workers and memory are free. The next one is not passed over while its
// memory is not free: otherwise a dear hash might wait for ever.
func (q *Queue) dispatch() {
	for q.running < q.cfg.Workers {
		c := q.next()
		if c == nil {
			return
		}
		p := c.head()
		if q.running > 0 && q.cfg.MemoryKiB > 0 && q.runningKiB+p.cost.kib > q.cfg.MemoryKiB {
			return
		}
		c.start(p)
		q.last = p.class()
		q.waiting[p.claim.Kind]--
		q.running++
		q.runningKiB += p.cost.kib
		p.called <- nil
	}
}

// next is the class whose turn it is, or nil if nobody waits.
func (q *Queue) next() *class {
	users, newcomers := &q.classes[users], &q.classes[newcomers]
	switch {
	case len(newcomers.ring) == 0 && len(users.ring) == 0:
		return nil
	case len(newcomers.ring) == 0:
		return users
	case len(users.ring) == 0:
		return newcomers
	case q.last == classOf(Registration), newcomers.running >= max(q.cfg.Workers/2, 1), users.ring[0].turn < newcomers.ring[0].turn:
		return users
	}
	return newcomers
}

// finished ends the turn of a place whose hash took so long.
func (q *Queue) finished(p *Place, took time.Duration) {
	q.mu.Lock()
	defer q.mu.Unlock()
	c := q.classOf(p)
	c.running--
	p.state = hashed
	q.running--
	q.runningKiB -= p.cost.kib
	q.garbage.add(p.cost.kib)
	q.learn(took, p.cost)
	q.dispatch()
	q.tidy.Reset(tidyAfter)
}

// busyWith is how many workers are busy when all hashes are like this one.
func (q *Queue) busyWith(c cost) int {
	if q.cfg.MemoryKiB == 0 || c.kib == 0 {
		return q.cfg.Workers
	}
	return min(q.cfg.Workers, max(int(q.cfg.MemoryKiB/c.kib), 1))
}

// learn takes the duration of a hash into the moving average.
func (q *Queue) learn(took time.Duration, c cost) {
	const newest = 8 // one part in so many
	each := took / time.Duration(c.turns*q.busyWith(c))
	if q.perTurn == 0 {
		q.perTurn = each
		return
	}
	q.perTurn += (each - q.perTurn) / newest
}

// tooLate reports whether a newcomer would wait so long that there is no sense in waiting.
func (q *Queue) tooLate(number classNumber, network string) bool {
	c := &q.classes[number]
	ahead := 0
	if s := c.shares[network]; s != nil {
		ahead = s.unserved
	}
	ahead = min(c.unserved, (ahead+1)*len(c.shares)) // the others have a turn before each of this address
	if ahead == 0 && q.running < q.cfg.Workers || q.perTurn == 0 {
		return false
	}
	if q.classes[1-number].unserved > 0 {
		ahead *= 2
	}
	return time.Duration(ahead+1)*q.perTurn >= q.cfg.Wait
}

// makeRoom sees to it that a place is free for a newcomer, or returns ErrBusy.
func (q *Queue) makeRoom(number classNumber, network string) error {
	if q.tooLate(number, network) {
		q.refused[wouldWaitTooLong]++
		return ErrBusy
	}
	own, other := &q.classes[number], &q.classes[1-number]
	if own.places+other.places < q.places {
		return nil
	}
	var loser *Place
	if own.places < q.places/2 {
		loser = other.lastOfMost(1)
	}
	if loser == nil {
		mine := 0
		if s := own.shares[network]; s != nil {
			mine = len(s.places)
		}
		loser = own.lastOfMost(mine + 2) // so that the loser's address has no fewer than the newcomer's then
	}
	if loser == nil {
		q.refused[noPlace]++
		return ErrBusy
	}
	q.displace(loser)
	return nil
}

// displace takes a place away from one who has not had a turn. It is told at once if it waits for a worker, and otherwise
// as soon as it wants one.
func (q *Queue) displace(p *Place) {
	wasWaiting := p.state == waiting
	q.remove(p)
	p.lost = true
	q.refused[displaced]++
	if wasWaiting {
		q.waiting[p.claim.Kind]--
		p.called <- ErrBusy
	}
}

func (q *Queue) leave(p *Place) {
	q.mu.Lock()
	defer q.mu.Unlock()
	p.lost = false
	if p.state != outside {
		q.remove(p)
	}
}

func (q *Queue) refuse(r refusal) {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.refused[r]++
}

func (q *Queue) remove(p *Place) {
	q.classOf(p).remove(p)
	p.state = outside
}

func (q *Queue) classOf(p *Place) *class { return &q.classes[p.class()] }
