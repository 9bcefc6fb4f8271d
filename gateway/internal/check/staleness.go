package check

import (
	"context"
	"fmt"
	"time"
)

// tooStale reports whether the feed has been silent for longer than the configuration allows.
func (c *Checker) tooStale(now time.Time) bool {
	return c.cfg.MaxStaleness > 0 && now.UnixNano()-c.respondedAt.Load() > int64(c.cfg.MaxStaleness)
}

// overdue is the time since its last response after which the feed counts as stale, well before a request is given up.
const overdue = pollWait + pollGrace/2

// Staleness is for how long revocations may have been missed: 0 while the feed responds in time, otherwise the time since
// its last response. Before the first response it is 0, and Ready is an error.
func (c *Checker) Staleness() time.Duration {
	respondedAt := c.respondedAt.Load()
	since := time.Duration(c.cfg.Now().UnixNano() - respondedAt)
	if respondedAt == 0 || !c.stale.Load() && since < overdue {
		return 0
	}
	return since
}

// FeedAge is the time since the feed's last response. It is false if there was none yet. Up to overdue is usual: a response comes when
// something has changed.
func (c *Checker) FeedAge() (age time.Duration, known bool) {
	respondedAt := c.respondedAt.Load()
	if respondedAt == 0 {
		return 0, false
	}
	return time.Duration(c.cfg.Now().UnixNano() - respondedAt), true
}

// Ready is an error while all calls with a token are refused. Staleness alone is not one, because known users pass. Errors:
// ErrNotReady, ErrStale.
func (c *Checker) Ready(context.Context) error {
	if c.respondedAt.Load() == 0 {
		return ErrNotReady
	}
	if c.tooStale(c.cfg.Now()) {
		return fmt.Errorf("%w: %s", ErrStale, c.Staleness().Round(time.Second))
	}
	return nil
}

// Detail is for the readiness page. It says how current the known revocations are.
func (c *Checker) Detail() string {
	stale := c.Staleness()
	switch {
	case c.respondedAt.Load() == 0:
		return "auth-service has not been reached yet"
	case stale > 0:
		return "stale for " + stale.Round(time.Second/10).String()
	}
	return "current"
}
