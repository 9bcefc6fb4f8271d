package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"tallygate/kit/readyz"
)

const (
	// readyPoll is how often a service's readiness is checked.
	readyPoll = 10 * time.Millisecond
	// readyNews is how often the service that is waited for is printed.
	readyNews = 5 * time.Second
)

// waitReady returns when every service is ready, or when ctx ends. It has no timeout, because a database may start later.
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
