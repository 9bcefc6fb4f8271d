package forward

import (
	"log/slog"
	"sync"
	"sync/atomic"

	"tallygate/gateway/internal/wire"
)

// Config is what an Engine needs.
type Config struct {
	Watch *wire.Watch
	Log   *slog.Logger
	// Via names this gateway in the Via field.
	Via string
	// Lookup resolves upstreams' names; nil for the machine's resolver.
	Lookup Lookup
}

// Engine holds what all upstreams share. Its methods may be called by many goroutines.
type Engine struct {
	watch   *wire.Watch
	log     *slog.Logger
	via     string
	lookup  Lookup
	buffers *wire.Pool
	blocks  sync.Pool // *block, for streaming

	retries atomic.Uint64
	sets    sync.Map // *Set: in use
}

// New returns an Engine.
func New(cfg Config) *Engine {
	e := &Engine{
		watch: cfg.Watch, log: cfg.Log, via: cfg.Via, lookup: cfg.Lookup, buffers: wire.NewPool(),
		blocks: sync.Pool{New: func() any { return new(block) }},
	}
	if e.lookup == nil {
		e.lookup = lookup
	}
	return e
}

func (e *Engine) noteSick(t *target, err error) {
	e.log.Warn("replica is sick", "upstream", t.set.cfg.Addresses, "replica", t.addr, "error", err)
}

func (e *Engine) noteRest(t *target) {
	e.log.Warn("replica rests: it fails requests", "upstream", t.set.cfg.Addresses, "replica", t.addr)
}

func (e *Engine) noteWell(t *target) {
	e.log.Info("replica is well again", "upstream", t.set.cfg.Addresses, "replica", t.addr)
}
