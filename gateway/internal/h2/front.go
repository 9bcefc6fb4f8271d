package h2

import (
	"context"
	"crypto/tls"
	"log/slog"
	"net"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/net/http2"
)

// Protocol is the name of HTTP/2 in ALPN (RFC 9113 section 3.2).
const Protocol = http2.NextProtoTLS

// Bounds of one connection.
const (
	// MaxStreams is how many requests may be open at once (RFC 9113 section 6.5.2 asks for 100 at least).
	MaxStreams = 128
	// StreamBytes is how much of a body a client may send before it is read.
	StreamBytes = 64 << 10
	// connectionBytes is the same for all streams together.
	connectionBytes = 512 << 10
	// frameBytes is the smallest bound of frames that HTTP/2 knows (section 6.5.2).
	frameBytes = 16 << 10
	// headTimeout is how long a head may take.
	headTimeout = 10 * time.Second
	// pingAfter is how long nothing may come while requests are open, before the client is asked whether it is there, and
	// pingTimeout how long it may take to say so.
	pingAfter, pingTimeout = 30 * time.Second, 15 * time.Second
)

// Config is what a Front is made of.
type Config struct {
	// MaxHeadBytes is the bound of heads, as HTTP/1.1.
	MaxHeadBytes int
	// IdleTimeout is how long a connection without a request is kept.
	IdleTimeout time.Duration
	Log         *slog.Logger
}

// Front speaks HTTP/2 on connections that have chosen it. Its methods may be called by many goroutines.
type Front struct {
	server   *http2.Server //nolint:staticcheck // net/http, its successor, serves no connection whose TLS is not its own
	base     *http.Server
	buffers  sync.Pool // of outgoing
	draining atomic.Bool
}

// New returns a Front.
func New(cfg Config) *Front {
	f := &Front{base: &http.Server{
		// Twice as much: what is longer than MaxHeadBytes as HTTP/1.1 gets the gateway's own response, not the library's.
		MaxHeaderBytes: 2 * cfg.MaxHeadBytes, IdleTimeout: cfg.IdleTimeout, ReadHeaderTimeout: headTimeout,
		ErrorLog: slog.NewLogLogger(cfg.Log.Handler(), slog.LevelDebug), // of clients, who are not the operator's to mend
		HTTP2: &http.HTTP2Config{
			MaxConcurrentStreams: MaxStreams, MaxReadFrameSize: frameBytes,
			MaxReceiveBufferPerStream: StreamBytes, MaxReceiveBufferPerConnection: connectionBytes,
			SendPingTimeout: pingAfter, PingTimeout: pingTimeout,
		},
	}}
	f.server = new(http2.Server)                //nolint:staticcheck // as above
	_ = http2.ConfigureServer(f.base, f.server) //nolint:staticcheck // as above; an error is about a TLS configuration, and there is none here
	return f
}

// Conn is a connection by TLS on which the client has chosen HTTP/2.
type Conn interface {
	net.Conn
	ConnectionState() tls.ConnectionState
}

// Serve speaks HTTP/2 on the connection until it ends, and then closes it. Each stream is given to serve, in a goroutine of its own,
// which may last longer than Serve.
func (f *Front) Serve(c Conn, serve func(*Stream)) {
	f.server.ServeConn(newScreen(newOutgoing(c, &f.buffers)), &http2.ServeConnOpts{BaseConfig: f.base, Handler: handler{f, serve}}) //nolint:staticcheck // as above
}

// Drain has every response from now on tell its connection's client to send its further requests elsewhere.
func (f *Front) Drain() { f.draining.Store(true) }

// Stop tells all clients to send their further requests elsewhere (GOAWAY). Their connections end when the requests that are open have
// their responses.
func (f *Front) Stop(ctx context.Context) {
	f.Drain()
	_ = f.base.Shutdown(ctx) // it has no listeners, and knows of no connections that it would wait for
}

// handler gives the streams of one connection to serve.
type handler struct {
	front *Front
	serve func(*Stream)
}

// ServeHTTP implements http.Handler. A response that is not whole must not look so: the stream is reset.
func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s := newStream(h.front, w, r)
	h.serve(s)
	if !s.end() {
		panic(http.ErrAbortHandler)
	}
}
