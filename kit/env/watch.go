package env

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// WatchInterval is how often Watch looks at the files: rotation needs seconds, not milliseconds.
const WatchInterval = time.Second

// Watched are secrets that are put in force together.
type Watched struct {
	Secrets []*Secret
	// Use puts in force what the secrets are now, or returns why they will not do: what was in force then stays. A
	// half-written rotation, one of two files replaced, is such a state.
	Use func() error
}

// Watch re-reads the secrets every WatchInterval and on SIGHUP until ctx ends, and has the ones that changed put in
// force. What cannot be read or will not do is logged and holds nothing else back. Use runs on the calling goroutine.
func Watch(ctx context.Context, log *slog.Logger, all ...Watched) {
	hup := make(chan os.Signal, 1)
	signal.Notify(hup, syscall.SIGHUP)
	defer signal.Stop(hup)
	tick := time.NewTicker(WatchInterval)
	defer tick.Stop()
	said := make([]string, len(all)) // of what cannot be read: once, not once a second
	for {
		select {
		case <-ctx.Done():
			return
		case <-hup:
			clear(said)
		case <-tick.C:
		}
		for i, w := range all {
			said[i] = w.look(ctx, log, said[i])
		}
	}
}

// look makes one round. It says what cannot be read, unless that was said before, and returns it.
func (w Watched) look(ctx context.Context, log *slog.Logger, said string) string {
	changed, err := w.reload()
	if changed {
		if err := w.Use(); err != nil {
			log.ErrorContext(ctx, "a new secret is refused, what was in force stays", "error", err)
		} else {
			log.InfoContext(ctx, "new secrets are in force", "names", w.names())
		}
	}
	if err == nil {
		return ""
	}
	if err.Error() != said {
		log.ErrorContext(ctx, "a secret cannot be read, what was in force stays", "error", err)
	}
	return err.Error()
}

func (w Watched) reload() (changed bool, err error) {
	var errs []error
	for _, s := range w.Secrets {
		c, err := s.Reload()
		if err != nil {
			errs = append(errs, err)
		}
		changed = changed || c
	}
	return changed, errors.Join(errs...)
}

func (w Watched) names() []string {
	var names []string
	for _, s := range w.Secrets {
		names = append(names, s.Name())
	}
	return names
}
