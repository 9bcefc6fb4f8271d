package check

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
)

const (
	// pollWait is how long auth-service may be silent when there is nothing to tell. It is short, because silence is also
	// all that is heard of a replica that hangs.
	pollWait = time.Second
	// pollGrace is how much longer an answer may take before the replica is given up: long enough for a busy one.
	pollGrace   = 2 * time.Second
	firstRetry  = 50 * time.Millisecond
	longestWait = 500 * time.Millisecond // what is revoked waits for it when auth-service is back
	sweepEvery  = time.Minute
)

// Run follows the feed until ctx ends.
func (c *Checker) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.sweeping(ctx) })
	defer wg.Wait()
	var cursor string
	var retry time.Duration
	for ctx.Err() == nil {
		wait := c.pollWait()
		if retry != 0 {
			wait = 0 // whether the feed is back shows at once
		}
		next, err := c.listen(ctx, cursor, wait)
		if cursor = next; err == nil {
			if retry != 0 {
				c.cfg.Log.Info("the feed of changes is followed")
			}
			retry = 0
			continue
		}
		retry = c.broken(ctx, err, retry)
	}
	return nil
}

// broken notes that the feed broke and waits before the next try, longer from time to time.
func (c *Checker) broken(ctx context.Context, err error, retry time.Duration) time.Duration {
	if ctx.Err() != nil {
		return retry
	}
	c.metrics.feedErrors.Inc()
	c.stale.Store(true)
	switch {
	case retry != 0: // it was said
	case c.heard.Load() == 0:
		c.cfg.Log.Warn("auth-service cannot be reached yet; nobody passes before it can", "error", err)
	default:
		c.cfg.Log.Warn("the feed of changes is broken; known users pass as they were", "error", err)
	}
	retry = min(max(2*retry, firstRetry), longestWait)
	pause(ctx, retry/2+rand.N(retry))
	return retry
}

// listen takes one answer of the feed, which may take up to wait, and returns the cursor to go on with.
func (c *Checker) listen(ctx context.Context, cursor string, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+pollGrace)
	defer cancel()
	if cursor == "" {
		return c.anew(ctx)
	}
	page, err := c.cfg.Authority.Changes(ctx, cursor, wait)
	if errors.Is(err, authclient.ErrCursorGone) {
		c.cfg.Log.Warn("the feed of changes has forgotten where we were; asking for every user anew")
		return c.anew(ctx)
	}
	if err != nil {
		return cursor, err
	}
	for i := range page.Users {
		c.users.apply(&page.Users[i])
	}
	c.metrics.changes.Add(float64(len(page.Users)))
	c.hear()
	return page.Cursor, nil
}

// anew finds the feed's end and forgets what was known: a change from before it may have been missed.
func (c *Checker) anew(ctx context.Context) (string, error) {
	cursor, err := c.cfg.Authority.Cursor(ctx)
	if err != nil {
		return "", err
	}
	c.users.clear()
	c.tokens.clear()
	c.hear()
	return cursor, nil
}

// pollWait is shorter than usual if staleness is judged strictly.
func (c *Checker) pollWait() time.Duration {
	if c.cfg.MaxStaleness > 0 {
		return min(pollWait, c.cfg.MaxStaleness/3)
	}
	return pollWait
}

func (c *Checker) hear() {
	c.heard.Store(c.cfg.Now().UnixNano())
	c.stale.Store(false)
}

func (c *Checker) sweeping(ctx context.Context) {
	tick := time.NewTicker(sweepEvery)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			now := c.cfg.Now()
			c.tokens.sweep(now.UnixNano())
			c.users.sweep(now)
		}
	}
}

func pause(ctx context.Context, wait time.Duration) {
	timer := time.NewTimer(wait)
	defer timer.Stop()
	select {
	case <-ctx.Done():
	case <-timer.C:
	}
}
