package upstream

import (
	"log/slog"
	"sync"

	"tallygate/gateway/internal/wire"
)

// Config is what a Registry needs.
type Config struct {
	Watch *wire.Watch
	Log   *slog.Logger
	// Lookup resolves the upstreams' names; nil for the machine's resolver.
	Lookup Lookup
}

// Registry holds what all upstreams share, and knows those in use. Its methods may be called by many goroutines.
type Registry struct {
	watch  *wire.Watch
	log    *slog.Logger
	lookup Lookup
	inUse  sync.Map // *Upstream
}

// New returns a Registry without upstreams.
func New(cfg Config) *Registry {
	r := &Registry{watch: cfg.Watch, log: cfg.Log, lookup: cfg.Lookup}
	if r.lookup == nil {
		r.lookup = lookup
	}
	return r
}
