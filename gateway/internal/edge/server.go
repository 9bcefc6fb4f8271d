package edge

import (
	"context"
	"crypto/tls"
	"errors"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Timeouts of clients. None bounds a whole body.
const (
	headTimeout   = 10 * time.Second // from a request's first byte to the end of its head; also for the first request to begin
	idleTimeout   = 75 * time.Second // between requests
	writeTimeout  = 60 * time.Second // without the client taking a byte
	lingerTimeout = 2 * time.Second  // for what a client still sends after the response that ends the connection
	lingerBytes   = 1 << 20
	cutTimeout    = 2 * time.Second // for a connection that is cut to end
)

// Checker verifies whose token an Authorization field carries. The strings are only valid during the call. Valid reports
// whether the token would still pass. Errors: those of check.Checker.
type Checker interface {
	Check(ctx context.Context, authorization []string) (check.Identity, error)
	Valid(who check.Identity, now time.Time) error
}

// Meter counts what users call.
type Meter interface {
	Route(name string) meter.RouteID
	Begin(at time.Time, userID int64, route meter.RouteID) meter.Call
	RateLimited(at time.Time, userID int64, route meter.RouteID)
}

// Quotas admits the calls of users who have a monthly quota. Errors: those of limit.Quotas.
type Quotas interface {
	Admit(ctx context.Context, at time.Time, userID, quota int64) error
}

// Config is what a Server is made of.
type Config struct {
	Check     Checker
	Meter     Meter
	Rates     *limit.Rates
	Quotas    Quotas
	Engine    *forward.Engine
	Upstreams *upstream.Registry
	Watch     *wire.Watch
	Pages     map[string]console.Page
	Trusted   []netip.Prefix // proxies whose X-Forwarded-* are believed
	Hosts     *Hosts         // requests for others are refused; nil: none are
	TLS       *tls.Config    // nil: plain HTTP
	// StrictTransport is Strict-Transport-Security in responses over TLS, unless an upstream sends its own; empty: none.
	StrictTransport string
	Log             *slog.Logger
	Access          *AccessLog // nil: none
	Metrics         *Metrics
	// Budget counts what the clients hold; may be nil.
	Budget *wire.Budget
	// MaxConnections bounds the clients' connections; further ones wait in the kernel's queue. 0: no bound.
	MaxConnections int
}

// Server is the public listener. It implements service.Server.
type Server struct {
	cfg      Config
	active   atomic.Pointer[activeTable]
	buffers  *wire.Pool
	calls    sync.Pool // *call
	draining atomic.Bool
	base     context.Context
	cancel   context.CancelFunc

	mu       sync.Mutex
	listener net.Listener
	conns    map[*conn]struct{}
	empty    chan struct{} // closed when draining and no connection is left
	room     chan struct{}
}

// New returns a Server; it responds with 404 until it is given routes.
func New(cfg Config) *Server {
	s := &Server{cfg: cfg, buffers: wire.NewPool(cfg.Budget), conns: map[*conn]struct{}{}, empty: make(chan struct{})}
	s.active.Store(&activeTable{table: new(route.Table)})
	s.base, s.cancel = context.WithCancel(context.Background())
	s.calls.New = func() any { return new(call) }
	if cfg.MaxConnections > 0 {
		s.room = make(chan struct{}, cfg.MaxConnections)
	}
	return s
}

// Serve accepts connections until Shutdown has ended, and then returns nil.
func (s *Server) Serve(l net.Listener) error {
	s.mu.Lock()
	s.listener = l
	s.mu.Unlock()
	for {
		if s.room != nil {
			select {
			case s.room <- struct{}{}:
			case <-s.base.Done():
				return nil
			}
		}
		nc, err := l.Accept()
		if err == nil {
			s.open(nc)
			continue
		}
		if s.room != nil {
			<-s.room
		}
		if s.draining.Load() || errors.Is(err, net.ErrClosed) {
			<-s.base.Done() // service.Run would treat a return as a failure
			return nil
		}
		s.cfg.Log.Warn("accept", "error", err) // most often there are no file descriptors for a moment
		select {
		case <-s.base.Done():
			return nil
		case <-time.After(50 * time.Millisecond):
		}
	}
}

func (s *Server) open(nc net.Conn) {
	if s.cfg.TLS != nil {
		nc = tls.Server(wire.BelowTLS(nc), s.cfg.TLS)
	}
	c := newConn(s, nc)
	s.cfg.Budget.Take(c.weight())
	s.mu.Lock()
	s.conns[c] = struct{}{}
	s.mu.Unlock()
	s.cfg.Metrics.open.Inc()
	if c.tls != nil {
		go c.shakeHands()
		return
	}
	go c.serve()
}

func (s *Server) closed(c *conn) {
	s.mu.Lock()
	delete(s.conns, c)
	s.cfg.Metrics.open.Dec()
	s.cfg.Budget.GiveBack(c.weight())
	if s.draining.Load() && len(s.conns) == 0 {
		s.signalEmpty()
	}
	s.mu.Unlock()
	if s.room != nil {
		<-s.room
	}
}

func (s *Server) signalEmpty() {
	select {
	case <-s.empty:
	default:
		close(s.empty)
	}
}

// Shutdown stops accepting, closes idle connections, lets requests in flight finish, and cuts those that are left when
// ctx ends.
func (s *Server) Shutdown(ctx context.Context) error {
	s.draining.Store(true)
	s.mu.Lock()
	if s.listener != nil {
		_ = s.listener.Close() // there is nothing to do about an error
	}
	for c := range s.conns {
		c.stopIfIdle()
	}
	if len(s.conns) == 0 {
		s.signalEmpty()
	}
	s.mu.Unlock()
	defer s.cancel()
	select {
	case <-s.empty:
		return nil
	case <-ctx.Done():
	}
	s.mu.Lock()
	for c := range s.conns {
		c.wire.Cut(wire.Draining)
	}
	s.mu.Unlock()
	select {
	case <-s.empty: // so that the calls are counted
	case <-time.After(cutTimeout):
	}
	return ctx.Err()
}
