package follow

import (
	"context"
	"log/slog"
	"os"
	"os/signal"
	"syscall"
	"time"
)

// Interval is how often a Follower looks at the files. Changes need seconds, not milliseconds.
const Interval = 500 * time.Millisecond

// Source is something in files that can be reloaded.
type Source struct {
	// Name begins the log messages: "routes", "certificate".
	Name string
	// Reload looks at the files. If they have changed, it puts the new contents in force and reports true. On an error
	// the old values stay in use, and each call returns the same error until the files are good. forced is true on SIGHUP.
	Reload func(forced bool) (changed bool, err error)
}

// Follower reloads sources when their files change. It is not safe for concurrent use.
type Follower struct {
	log     *slog.Logger
	sources []Source
	logged  []string // by source: the failure that was logged last, empty if the source works
	hup     chan os.Signal
}

// New returns a Follower, which does nothing before Run. From now on SIGHUP does not end the process: whoever sends one need
// not know whether Run has begun.
func New(log *slog.Logger, sources ...Source) *Follower {
	f := &Follower{log: log, sources: sources, logged: make([]string, len(sources)), hup: make(chan os.Signal, 1)}
	signal.Notify(f.hup, syscall.SIGHUP)
	return f
}

// Run looks at the sources every Interval and on SIGHUP until ctx ends. The first look comes after one Interval.
func (f *Follower) Run(ctx context.Context) {
	defer signal.Stop(f.hup)
	tick := time.NewTicker(Interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-f.hup:
			f.Look(true)
		case <-tick.C:
			f.Look(false)
		}
	}
}

// Look looks at each source once. forced is true on SIGHUP. Run calls it.
func (f *Follower) Look(forced bool) {
	for i, s := range f.sources {
		changed, err := s.Reload(forced)
		failure := ""
		if err != nil {
			failure = err.Error()
		}
		if changed || err == nil && f.logged[i] != "" {
			f.log.Info(s.Name + " reloaded") //nolint:sloglint // names are constants, so there is one message a source
		}
		if err != nil && (forced || failure != f.logged[i]) {
			f.log.Error(s.Name+" not reloaded; the old values stay in use", "error", err) //nolint:sloglint // the same
		}
		f.logged[i] = failure
	}
}
