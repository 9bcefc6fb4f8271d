package check

import (
	"context"
	"errors"
	"math/rand/v2"
	"sync"
	"time"

	"tallygate/gateway/internal/authclient"
	"tallygate/kit/every"
)

const (
	// pollWait is how long auth-service holds a response back while nothing changes. It is short, because a replica that
	// hangs is silent, too.
	pollWait = time.Second
	// pollGrace is how much longer a response may take before the request is given up. A busy replica needs less.
	pollGrace    = 2 * time.Second
	firstRetry   = 50 * time.Millisecond
	longestRetry = 500 * time.Millisecond // revocations wait for it when auth-service is available again
	sweepEvery   = time.Minute
)

// Run follows the feed until ctx ends.
func (c *Checker) Run(ctx context.Context) error {
	var wg sync.WaitGroup
	wg.Go(func() { c.sweep(ctx) })
	defer wg.Wait()
	var cursor string
	var retry time.Duration
	for ctx.Err() == nil {
		wait := c.pollWait()
		if retry != 0 {
			wait = 0 // to find out at once whether the feed responds again
		}
		next, err := c.poll(ctx, cursor, wait)
		if cursor = next; err == nil {
			if retry != 0 {
				c.cfg.Log.Info("the feed of changes responds")
			}
			retry = 0
			continue
		}
		retry = c.failed(ctx, err, retry)
	}
	return nil
}

// failed notes that the feed failed, and waits before the next try: longer each time.
func (c *Checker) failed(ctx context.Context, err error, retry time.Duration) time.Duration {
	if ctx.Err() != nil {
		return retry
	}
	c.metrics.feedErrors.Inc()
	c.stale.Store(true)
	switch {
	case retry != 0: // logged already
	case c.respondedAt.Load() == 0:
		c.cfg.Log.Warn("auth-service is unreachable; no call with a token passes until it has been reached", "error", err)
	default:
		c.cfg.Log.Warn("the feed of changes does not respond; known users pass by their last known state", "error", err)
	}
	retry = min(max(2*retry, firstRetry), longestRetry)
	every.Sleep(ctx, retry/2+rand.N(retry))
	return retry
}

// poll takes one page of the feed, which may take up to wait, and returns the cursor to go on with.
func (c *Checker) poll(ctx context.Context, cursor string, wait time.Duration) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, wait+pollGrace)
	defer cancel()
	if cursor == "" {
		return c.restart(ctx)
	}
	page, err := c.cfg.AuthService.Changes(ctx, cursor, wait)
	if errors.Is(err, authclient.ErrCursorGone) {
		c.cfg.Log.Warn("the cursor of the feed of changes is gone; every user will be looked up again")
		return c.restart(ctx)
	}
	if err != nil {
		return cursor, err
	}
	if err := c.enterWithPlans(ctx, page.Epoch); err != nil {
		return cursor, err
	}
	for i := range page.Plans {
		c.users.plans.update(&page.Plans[i], c.history.Load())
	}
	for i := range page.Users {
		c.users.apply(&page.Users[i], c.history.Load())
		c.asked.exist(page.Users[i].Keys)
	}
	c.metrics.changes.Add(float64(len(page.Users)))
	c.responded()
	return page.Cursor, nil
}

// restart begins at the feed's end and forgets all users: a change from before it may have been missed.
func (c *Checker) restart(ctx context.Context) (string, error) {
	page, err := c.cfg.AuthService.Start(ctx)
	if err != nil {
		return "", err
	}
	c.enter(page.Epoch)
	c.users.plans.replace(page.Plans, c.history.Load())
	c.users.clear()
	c.tokens.clear()
	c.responded()
	return page.Cursor, nil
}

// enterWithPlans is enter for a page of the feed. In another epoch all plans are fetched first: those of before may be lost.
func (c *Checker) enterWithPlans(ctx context.Context, epoch string) error {
	if epoch == "" || epoch == c.epoch {
		return nil
	}
	start, err := c.cfg.AuthService.Start(ctx)
	if err != nil {
		return err
	}
	c.enter(epoch)
	if start.Plans != nil {
		c.users.plans.replace(start.Plans, c.history.Load())
	}
	return nil
}

// enter notes the epoch. When it is another one than before, auth-service has started, or its database was restored from a
// back-up. Nobody is forgotten: each token is asked about again at its next call, and passes if there is no response.
func (c *Checker) enter(epoch string) {
	if epoch != "" && epoch != c.epoch { // an older auth-service says none
		c.epoch = epoch
		c.history.Add(1)
	}
}

// pollWait is shorter than usual if the configuration allows little staleness.
func (c *Checker) pollWait() time.Duration {
	if c.cfg.MaxStaleness > 0 {
		return min(pollWait, c.cfg.MaxStaleness/3)
	}
	return pollWait
}

func (c *Checker) responded() {
	c.respondedAt.Store(c.cfg.Now().UnixNano())
	c.stale.Store(false)
}

func (c *Checker) sweep(ctx context.Context) {
	every.Do(ctx, sweepEvery, func() {
		now := c.cfg.Now()
		c.tokens.sweep(now.UnixNano())
		c.users.sweep(now)
	})
}
