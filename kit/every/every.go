// Package every repeats work, and waits, until a context ends. It refuses to know what the work is, and does not report errors: work
// that can fail deals with that itself.
package every

import (
	"context"
	"time"
)

// Do calls work each time the interval has passed, until ctx ends. Calls never overlap: work that takes longer than the
// interval is called again at once.
func Do(ctx context.Context, interval time.Duration, work func()) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
		}
		if ctx.Err() != nil {
			return // it ended too, while the last work was done
		}
		work()
	}
}

// Sleep waits for d and reports whether it has passed. If not, ctx has ended.
func Sleep(ctx context.Context, d time.Duration) bool {
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return true
	case <-ctx.Done():
		return false
	}
}
