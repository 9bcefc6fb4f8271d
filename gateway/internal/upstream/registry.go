package upstream

import (
	"crypto/tls"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/wire"
)

// Config is what a Registry needs.
type Config struct {
	Watch *wire.Watch
	Log   *slog.Logger
	// Lookup resolves the upstreams' names; nil for the machine's resolver.
	Lookup Lookup
	// Dialer opens connections to replicas; the zero value will do. Its timeouts are not used.
	Dialer net.Dialer
	// TLS returns what gives the configuration for connections by TLS, which is another one when files have changed; nil if no
	// Spec wants TLS. The configurations name no server and cache no sessions.
	TLS func(TLS) func() *tls.Config
	// Budget counts the memory of connections by TLS; may be nil.
	Budget *wire.Budget
	// MakeRoom is called when there is no descriptor for a connection, to have another connection closed; may be nil.
	MakeRoom func()
}

// Registry holds what all upstreams share, and knows those in use. Its methods may be called by many goroutines.
type Registry struct {
	watch  *wire.Watch
	log    *slog.Logger
	lookup Lookup
	inUse  sync.Map // *Upstream

	tls    func(TLS) func() *tls.Config
	budget *wire.Budget

	dialer         net.Dialer
	makeRoom       func()
	shortages      *prometheus.CounterVec
	begun          time.Time
	shortageLogged atomic.Int64 // nanoseconds since begun; 0 for never
}

// New returns a Registry without upstreams.
func New(cfg Config) *Registry {
	r := &Registry{
		watch: cfg.Watch, log: cfg.Log, lookup: cfg.Lookup, tls: cfg.TLS, budget: cfg.Budget, dialer: cfg.Dialer, makeRoom: cfg.MakeRoom, begun: time.Now(),
		shortages: newShortages(),
	}
	if r.lookup == nil {
		r.lookup = lookup
	}
	return r
}
