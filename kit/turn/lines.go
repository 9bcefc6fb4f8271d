package turn

import (
	"context"
	"sync"
)

// Lines is a Line for each key that is in use. Safe for concurrent use.
type Lines struct {
	atOnce, waiting int

	mu    sync.Mutex
	byKey map[string]*keyed
}

type keyed struct {
	*Line

	users int // that have a turn or wait
}

// NewLines returns Lines. In each so many have their turn at once and so many more may wait.
func NewLines(atOnce, waiting int) *Lines {
	return &Lines{atOnce: atOnce, waiting: waiting, byKey: map[string]*keyed{}}
}

// Take waits for a turn in the line of key, which leave gives back. Errors: those of Line.Take.
func (l *Lines) Take(ctx context.Context, key string, rank Rank) (leave func(), err error) {
	line := l.enter(key)
	if err := line.Take(ctx, rank); err != nil {
		l.exit(key, line)
		return nil, err
	}
	return func() {
		line.Leave()
		l.exit(key, line)
	}, nil
}

func (l *Lines) enter(key string) *keyed {
	l.mu.Lock()
	defer l.mu.Unlock()
	line := l.byKey[key]
	if line == nil {
		line = &keyed{Line: NewLine(l.atOnce, l.waiting)}
		l.byKey[key] = line
	}
	line.users++
	return line
}

func (l *Lines) exit(key string, line *keyed) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if line.users--; line.users == 0 {
		delete(l.byKey, key)
	}
}
