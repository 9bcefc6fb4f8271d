package main

import (
	"context"
	"os"
	"time"
)

// parentPoll is how often this program checks whether its parent still runs.
const parentPoll = 200 * time.Millisecond

// withParent returns a context that ends when the parent process has ended, or when it is a make that has got SIGINT and
// waits for this program.
func withParent(ctx context.Context) (context.Context, context.CancelFunc) {
	ctx, cancel := context.WithCancel(ctx)
	parent := os.Getppid()
	catches := catchesInterrupt(parent)
	go func() {
		tick := time.NewTicker(parentPoll)
		defer tick.Stop()
		for {
			select {
			case <-ctx.Done():
				return
			case <-tick.C:
			}
			if os.Getppid() != parent || catches && !catchesInterrupt(parent) {
				cancel()
				return
			}
		}
	}()
	return ctx, cancel
}
