package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tallygate/kit/readyz"
)

const (
	// readyPoll is how often a service is asked whether it is ready.
	readyPoll = 10 * time.Millisecond
	// readyNews is how often the person is told what is waited for.
	readyNews = 5 * time.Second
)

// waitReady returns when every service says that it is ready, or when ctx ends. A service that never gets ready is
// waited for: its database may come up later.
func waitReady(ctx context.Context, services []service, out io.Writer) error {
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	news := time.NewTicker(readyNews)
	defer news.Stop()
	for _, s := range services {
		for {
			err := readyz.Check(ctx, s.private.addr)
			if err == nil {
				break
			}
			select {
			case <-ctx.Done():
				return ctx.Err()
			case <-news.C:
				fmt.Fprintf(out, "Waiting for %s: %v\n", s.name, err)
			case <-tick.C:
			}
		}
	}
	return nil
}
