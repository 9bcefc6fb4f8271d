package env

import (
	"context"
	"errors"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// WatchInterval is how often Watch looks at the files: rotation needs seconds, not milliseconds.
const WatchInterval = time.Second

// Watch re-reads the secrets every interval and on SIGHUP until ctx ends. After a round in which any value changed it
// calls changed; what cannot be read goes to failed once a round and leaves the old value in force. Both run on the
// calling goroutine. A half-written rotation (one of two files replaced) shows as two rounds, so changed has to be
// able to say no to a state in between.
func Watch(ctx context.Context, interval time.Duration, changed func(), failed func(error), secrets ...*Secret) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(interval)
	defer tick.Stop()
	var lastErr string
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			lastErr = ""
		case <-tick.C:
		}
		anyChanged, err := reloadAll(secrets)
		if anyChanged {
			changed()
		}
		// The same unreadable file is said once, not once a second.
		if err != nil && err.Error() != lastErr {
			failed(err)
		}
		lastErr = ""
		if err != nil {
			lastErr = err.Error()
		}
	}
}

func reloadAll(secrets []*Secret) (changed bool, err error) {
	var errs []error
	for _, s := range secrets {
		c, err := s.Reload()
		if err != nil {
			errs = append(errs, err)
		}
		changed = changed || c
	}
	return changed, errors.Join(errs...)
}
