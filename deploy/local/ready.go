package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"
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
	client := &http.Client{Timeout: 3 * time.Second, Transport: &http.Transport{Proxy: nil, DisableKeepAlives: true}}
	tick := time.NewTicker(readyPoll)
	defer tick.Stop()
	news := time.NewTicker(readyNews)
	defer news.Stop()
	for _, s := range services {
		for {
			err := askReady(ctx, client, s.private.addr)
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

func askReady(ctx context.Context, client *http.Client, addr string) error {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+addr+"/readyz", nil)
	if err != nil {
		return err
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusOK {
		return nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, 1<<10))
	if err != nil {
		return err
	}
	return errors.New(strings.TrimSpace(string(body)))
}
