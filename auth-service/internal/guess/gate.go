package guess

import (
	"context"
	"sync"
)

// gates are the queues in front of counters in this process: each lets as many through as there are free guesses, so
// that those behind wait here and not in the database. How many can wait is bounded by password.Queue's Enter.
type gates struct {
	mu sync.Mutex
	at map[Key]*gate
}

type gate struct {
	slots chan struct{}
	users int
}

// enter passes the gates of all counters, and returns what leaves them again. The error is ctx's.
func (g *gates) enter(ctx context.Context, under []counted) (leave func(), err error) {
	for i, u := range under {
		if err := g.pass(ctx, u.key, u.policy.Free); err != nil {
			g.leave(under[:i])
			return nil, err
		}
	}
	return func() { g.leave(under) }, nil
}

func (g *gates) pass(ctx context.Context, key Key, width int) error {
	g.mu.Lock()
	at := g.at[key]
	if at == nil {
		at = &gate{slots: make(chan struct{}, width)}
		g.at[key] = at
	}
	at.users++
	g.mu.Unlock()
	select {
	case at.slots <- struct{}{}:
		return nil
	case <-ctx.Done():
		g.drop(key, at)
		return ctx.Err()
	}
}

func (g *gates) leave(under []counted) {
	for _, u := range under {
		g.mu.Lock()
		at := g.at[u.key]
		g.mu.Unlock()
		<-at.slots
		g.drop(u.key, at)
	}
}

// drop forgets a gate that nobody uses any more.
func (g *gates) drop(key Key, at *gate) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if at.users--; at.users == 0 {
		delete(g.at, key)
	}
}
