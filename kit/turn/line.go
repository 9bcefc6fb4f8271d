package turn

import (
	"context"
	"errors"
	"slices"
	"sync"
)

// ErrTooMany means that too many wait in a line already.
var ErrTooMany = errors.New("too many callers wait for the same thing")

// Rank orders those who wait: a higher rank comes first, and of one rank whoever came first.
type Rank int

// Line gives turns. Safe for concurrent use.
type Line struct {
	mu      sync.Mutex
	free    int       // turns that nobody has
	most    int       // how many may wait
	waiting []*waiter // in the order in which they are called
}

type waiter struct {
	rank   Rank
	called chan struct{} // closed when the waiter has its turn, or its place is given away
	gone   bool          // its place was given to a higher rank
}

// NewLine returns a Line in which so many have their turn at once and so many more may wait.
func NewLine(atOnce, waiting int) *Line { return &Line{free: atOnce, most: waiting} }

// Take waits for a turn, which Leave gives back. If too many wait the error is ErrTooMany, at once; a higher rank takes the
// place of the last one of the lowest, who then gets that error. If ctx ends first it is ctx's.
func (l *Line) Take(ctx context.Context, rank Rank) error {
	if l.Try() {
		return nil
	}
	w := &waiter{rank: rank, called: make(chan struct{})}
	if err := l.join(w); err != nil {
		return err
	}
	select {
	case <-w.called:
		if w.gone {
			return ErrTooMany
		}
		return nil
	case <-ctx.Done():
		l.giveUp(w)
		return ctx.Err()
	}
}

// Try takes a turn if one is free. Nobody waits then.
func (l *Line) Try() bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.free == 0 {
		return false
	}
	l.free--
	return true
}

func (l *Line) join(w *waiter) error {
	l.mu.Lock()
	defer l.mu.Unlock()
	switch {
	case l.free > 0: // since a moment ago
		l.free--
		close(w.called)
		return nil
	case len(l.waiting) >= l.most && !l.displace(w.rank):
		return ErrTooMany
	}
	at := len(l.waiting)
	for at > 0 && l.waiting[at-1].rank < w.rank {
		at--
	}
	l.waiting = slices.Insert(l.waiting, at, w)
	return nil
}

// displace takes the last one's place for a higher rank, and reports whether there is one of a lower.
func (l *Line) displace(rank Rank) bool {
	end := len(l.waiting) - 1
	if end < 0 || l.waiting[end].rank >= rank {
		return false
	}
	last := l.waiting[end]
	l.waiting = slices.Delete(l.waiting, end, end+1)
	last.gone = true
	close(last.called)
	return true
}

func (l *Line) giveUp(w *waiter) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if i := slices.Index(l.waiting, w); i >= 0 {
		l.waiting = slices.Delete(l.waiting, i, i+1)
		return
	}
	if !w.gone {
		l.leave() // it was called at the same moment
	}
}

// Leave gives a turn back, or adds one.
func (l *Line) Leave() {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leave()
}

func (l *Line) leave() {
	if len(l.waiting) == 0 {
		l.free++
		return
	}
	close(l.waiting[0].called)
	l.waiting = slices.Delete(l.waiting, 0, 1)
}

// Waiting is how many wait.
func (l *Line) Waiting() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return len(l.waiting)
}
