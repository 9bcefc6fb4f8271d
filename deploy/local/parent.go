package main

import (
	"context"
	"os"
	"time"
)

// parentPoll is how often this program looks whether the one that started it is still there.
const parentPoll = 200 * time.Millisecond

// withParent returns a context that ends when the program that started this one has ended, or is a make that was told
// to end and waits for us.
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
