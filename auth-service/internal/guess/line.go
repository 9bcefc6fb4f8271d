package guess

import (
	"context"
	"errors"
	"sync"
)

// lines are where guesses wait for the end of a counter's delay, in the order in which they came. Who waits here holds
// no place in the queue for hashing: many who wait must not keep everybody else from signing in.
type lines struct {
	mu     sync.Mutex
	at     map[Key]*line
	length int // of one line
	inAll  int // who stand in all of them
}

type line struct {
	front  chan struct{} // held by who is first
	length int
}

// maxInLines bounds what waiting takes of memory.
const maxInLines = 1000

var errLineFull = errors.New("line is full")

// formed reports whether somebody stands in the line.
func (l *lines) formed(key Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.at[key] != nil
}

// turn is one guess's place in a line, which it need not take.
type turn struct {
	lines *lines
	key   Key
	line  *line // nil: not in it
}

func (l *lines) turn(key Key) *turn { return &turn{lines: l, key: key} }

// take returns when all who came before are gone. Taken again, it does nothing. The error is errLineFull at once, or
// ctx's.
func (t *turn) take(ctx context.Context) error {
	if t.line != nil {
		return nil
	}
	at := t.lines.add(t.key)
	if at == nil {
		return errLineFull
	}
	select {
	case at.front <- struct{}{}:
		t.line = at
		return nil
	case <-ctx.Done():
		t.lines.drop(t.key, at)
		return ctx.Err()
	}
}

// leave lets the next one have its turn.
func (t *turn) leave() {
	if t.line != nil {
		<-t.line.front
		t.lines.drop(t.key, t.line)
	}
}

// add makes the line longer by one, or returns nil if it is full.
func (l *lines) add(key Key) *line {
	l.mu.Lock()
	defer l.mu.Unlock()
	at := l.at[key]
	if l.inAll >= maxInLines || l.length < 1 || at != nil && at.length >= l.length {
		return nil
	}
	if at == nil {
		at = &line{front: make(chan struct{}, 1)}
		l.at[key] = at
	}
	at.length++
	l.inAll++
	return at
}

func (l *lines) drop(key Key, at *line) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.inAll--
	if at.length--; at.length == 0 {
		delete(l.at, key)
	}
}
