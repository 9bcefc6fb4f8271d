package edge

import (
	"cmp"
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/netip"
	"sync"
	"sync/atomic"
	"time"

	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/console"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/h2"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
)

// Timeouts of clients. None bounds a whole body.
const (
	headTimeout  = 10 * time.Second // from a request's first byte to the end of its head; also for the first request to begin
	writeTimeout = 60 * time.Second // without the client taking what is due, see wire.Conn
	unsentBytes  = 128 << 10        // of responses, in the kernel, that a client does not let it send
	cutTimeout   = 2 * time.Second  // for a connection that is cut to end
)

// Checker verifies whose token an Authorization field carries, or a ticket. The strings are only valid during the call. Valid
// reports whether the token would still pass. Errors: those of check.Checker.
type Checker interface {
	Check(ctx context.Context, authorization []string) (check.Identity, error)
	Key(ctx context.Context, raw, client string) (who check.Identity, bearer string, err error)
	Ticket(ctx context.Context, raw string, good func(path string) bool) (who check.Identity, accessToken string, err error)
	Valid(who check.Identity, now time.Time) error
}

// Meter counts what users call.
type Meter interface {
	Route(name string) meter.RouteID
	Begin(at time.Time, userID int64, apiKey uint64, route meter.RouteID, units uint64) meter.Call
	RateLimited(at time.Time, userID int64, apiKey uint64, route meter.RouteID)
}

// Quotas admits calls under the quotas of their users, plans and API keys, and takes what upstreams announce. Errors: those of
// limit.Quotas.
type Quotas interface {
	Admit(ctx context.Context, c *limit.Claim, left *limit.Standings) error
	Spend(c *limit.Claim, cost int64, left *limit.Standings) (covered bool)
	AwaitDelivery(ctx context.Context)
	Look(c *limit.Claim, left *limit.Standings)
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
	CORS      *route.CORS    // for all that the gateway itself responds, unless the route has its own; nil: no origin is allowed
	Hosts     *Hosts         // requests for others are refused; nil: none are
	TLS       *tls.Config    // nil: plain HTTP
	// StrictTransport is Strict-Transport-Security in responses over TLS, unless an upstream sends its own; empty: none.
	StrictTransport string
	Log             *slog.Logger
	Access          *AccessLog // nil: none
	Tracer          Tracer     // nil: there are no traces
	Metrics         *Metrics
	// Budget counts what the clients hold; may be nil.
	Budget *wire.Budget
	// MaxHeadBytes bounds the heads of requests, MaxTargetBytes their targets. 0: wire.MaxHeadBytes, and no other bound.
	MaxHeadBytes, MaxTargetBytes int
	// MaxConnections bounds the clients' connections. 0: no bound.
	MaxConnections int
	// ConnectionsPerAddress bounds those of one address (IPv6: of a /64) that is not in Trusted. 0: no bound.
	ConnectionsPerAddress int
	// ProxyProtocol: those in Trusted begin each connection with a PROXY header.
	ProxyProtocol bool
	// IdleTimeout is how long a connection may rest between two requests. 0: DefaultIdleTimeout.
	IdleTimeout time.Duration

	lingers lingerBounds // zero: those of lingering
}

// DefaultIdleTimeout is longer than the 60 s after which most balancers give a connection up.
const DefaultIdleTimeout = 75 * time.Second

// Server is the public listener. It implements service.Server.
type Server struct {
	cfg    Config
	active atomic.Pointer[activeTable]
	keys   atomic.Pointer[published] // nil: none are published
	// description is the OpenAPI description; nil: that of cfg.Pages.
	description atomic.Pointer[published]
	buffers     *wire.Pool
	calls       sync.Pool   // *call
	draining    atomic.Bool // the gateway stops: responses end their connections
	debug       bool        // the log takes lines of level DEBUG
	closing     atomic.Bool // no more connections, and no more requests on those that have had a response
	base        context.Context
	cancel      context.CancelFunc

	http2    *h2.Front
	clients  *clients
	uploads  uploads
	inFlight limit.InFlight
	told     chan struct{} // refused clients that are being told
	refusals map[refusal]*notice
	crowded  notice
	failed   notice

	introducing chan struct{} // connections whose PROXY header is awaited
	unknown     notice        // connections without one

	mu       sync.Mutex
	listener net.Listener
}

// New returns a Server; it responds with 404 until it is given routes.
func New(cfg Config) *Server {
	cfg.lingers = cmp.Or(cfg.lingers, lingering())
	cfg.IdleTimeout = cmp.Or(cfg.IdleTimeout, DefaultIdleTimeout)
	s := &Server{cfg: cfg, buffers: wire.NewHeadPool(cfg.Budget, cmp.Or(cfg.MaxHeadBytes, wire.MaxHeadBytes)), clients: newClients(&cfg), uploads: newUploads(&cfg), told: make(chan struct{}, maxTold)}
	s.http2 = h2.New(h2.Config{MaxHeadBytes: cmp.Or(cfg.MaxHeadBytes, wire.MaxHeadBytes), IdleTimeout: cfg.IdleTimeout, Log: cfg.Log})
	s.refusals = map[refusal]*notice{shareTaken: {}, allTaken: {}, noDescriptors: {}}
	s.introducing = make(chan struct{}, maxIntroducing)
	s.active.Store(&activeTable{table: new(route.Table)})
	s.base, s.cancel = context.WithCancel(context.Background())
	s.debug = debugs(cfg.Log)
	s.calls.New = func() any {
		k := new(call)
		k.request.Limit(cfg.MaxHeadBytes, cfg.MaxTargetBytes)
		return k
	}
	return s
}
