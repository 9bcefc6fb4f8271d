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
}

// Engine holds what all upstreams share. Its methods may be called by many goroutines.
type Engine struct {
	watch   *wire.Watch
	log     *slog.Logger
	via     string
	buffers *wire.Pool
	blocks  sync.Pool // *block, for streaming

	retries atomic.Uint64
	sets    sync.Map // *Set: in use
}

// New returns an Engine.
func New(cfg Config) *Engine {
	return &Engine{
		watch: cfg.Watch, log: cfg.Log, via: cfg.Via, buffers: wire.NewPool(),
		blocks: sync.Pool{New: func() any { return new(block) }},
	}
}

func (e *Engine) noteHealth(t *target, sick bool) {
	if sick {
		e.log.Warn("replica is sick", "upstream", t.set.cfg.Addresses, "replica", t.addr)
		return
	}
	e.log.Info("replica is well again", "upstream", t.set.cfg.Addresses, "replica", t.addr)
}
