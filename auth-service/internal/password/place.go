package password

import (
	"context"
	"time"
)

// Place is the place of one password in a queue: nothing is hashed without one. A caller that does something costly before
// the hash, such as a query, takes the place before that. Its methods are for one goroutine.
type Place struct {
	queue *Queue
	claim Claim

	// What follows is the queue's, under its lock.
	state  state
	lost   bool // somebody else got the place, and this one does not know it yet
	number uint64
	cost   cost
	turns  int        // that have to come before this one is called, that turn included
	called chan error // gets nil for a turn, or the error that ends the wait

	leaveLine func() // set while the place is one of those that an address has in turn
}

// state is how far a place has come.
type state int

const (
	outside state = iota
	entered       // it is held, and nothing was hashed yet
	waiting       // for a worker
	running
	hashed // it is held still
)

// Enter takes the place until Leave is called. The error is ErrBusy, at once: if no place is free for the address, if the
// wait would be too long, or if the place was taken and somebody else has got it since.
func (p *Place) Enter() error {
	q := p.queue
	q.mu.Lock()
	defer q.mu.Unlock()
	switch {
	case p.lost:
		return ErrBusy
	case p.state != outside:
		return nil
	}
	if err := q.makeRoom(p.class(), p.claim.Network); err != nil {
		return err
	}
	q.arrivals++
	p.number = q.arrivals
	q.classOf(p).add(p)
	return nil
}

// inTurn is how many places one address has at once that were entered in turn.
const inTurn = 8

// EnterInTurn is Enter for what one address may want very often, as registrations: it gets a few places at once, and who
// comes then waits for one of these before Enter, as long as a password may wait. A flood of one address waits there, where
// it takes neither places nor processors. The error is ErrBusy, or ctx's.
func (p *Place) EnterInTurn(ctx context.Context) error {
	waits, cancel := context.WithTimeout(ctx, p.queue.cfg.Wait)
	defer cancel()
	leave, err := p.queue.lines.Take(waits, p.claim.Network, 0)
	switch {
	case ctx.Err() != nil && err != nil:
		return ctx.Err()
	case err != nil:
		p.queue.refuse(waitedTooLong)
		return ErrBusy
	}
	if err := p.Enter(); err != nil {
		leave()
		return err
	}
	p.leaveLine = leave
	return nil
}

// Leave gives the place back. If it is not taken, Leave does nothing.
func (p *Place) Leave() {
	p.queue.leave(p)
	if p.leaveLine != nil {
		p.leaveLine()
		p.leaveLine = nil
	}
}

// do runs work, which takes that much, when it is the place's turn. It takes the place for that time if it is not taken.
// The error is ErrBusy, ErrTooLarge, or ctx's if the client is gone; work has then not run.
func (p *Place) do(ctx context.Context, c cost, work func()) error {
	if bound := p.queue.memoryBound(); bound > 0 && c.kib > bound {
		p.queue.refuse(tooLarge)
		return ErrTooLarge
	}
	if p.isOutside() {
		if err := p.Enter(); err != nil {
			return err
		}
		defer p.Leave()
	}
	q := p.queue
	if err := q.await(ctx, p, c); err != nil {
		return err
	}
	q.collect()
	began := time.Now()
	defer func() { q.finished(p, time.Since(began)) }()
	work()
	return nil
}

func (p *Place) isOutside() bool {
	p.queue.mu.Lock()
	defer p.queue.mu.Unlock()
	return p.state == outside && !p.lost
}

func (p *Place) class() classNumber { return classOf(p.claim.Kind) }
