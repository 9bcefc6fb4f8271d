package check

import (
	"context"
	"fmt"
	"time"
)

// tooStale reports whether the feed has been silent for longer than the configuration allows.
func (c *Checker) tooStale(now time.Time) bool {
	return c.cfg.MaxStaleness > 0 && now.UnixNano()-c.heard.Load() > int64(c.cfg.MaxStaleness)
}

// overdue is the time since the last answer of the feed from which on it is late, well before it is given up.
const overdue = pollWait + pollGrace/2

// Staleness is for how long revocations may have gone unheard: 0 while the feed answers in time, otherwise the time
// since its last answer. Before the first answer it is 0, and Ready is an error.
func (c *Checker) Staleness() time.Duration {
	heard := c.heard.Load()
	since := time.Duration(c.cfg.Now().UnixNano() - heard)
	if heard == 0 || !c.stale.Load() && since < overdue {
		return 0
	}
	return since
}

// Ready is an error as long as protected routes answer 503. Being stale alone is not one: known users pass.
func (c *Checker) Ready(context.Context) error {
	if c.heard.Load() == 0 {
		return ErrNotReady
	}
	if c.tooStale(c.cfg.Now()) {
		return fmt.Errorf("no word of revocations for %s", c.Staleness().Round(time.Second))
	}
	return nil
}

// Detail is for the readiness page: how current what is known of revocations is.
func (c *Checker) Detail() string {
	stale := c.Staleness()
	switch {
	case c.heard.Load() == 0:
		return "auth-service has not been reached yet"
	case stale > 0:
		return "stale for " + stale.Round(time.Second/10).String()
	}
	return "current"
}
