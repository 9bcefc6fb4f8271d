package ginapi

import (
	"errors"
	"fmt"
	"log/slog"
	"net/http"
	"net/netip"
	"runtime/debug"
	"strings"

	"github.com/gin-gonic/gin"
	"github.com/prometheus/client_golang/prometheus"
	"go.opentelemetry.io/otel/trace"

	"tallygate/kit/httpd"
	"tallygate/kit/problem"
)

// Config is what an API is built with.
type Config struct {
	Log       *slog.Logger
	AccessLog bool
	// TrustedProxies are those whose X-Forwarded-For is believed. Without any, the client in the log is the TCP peer.
	TrustedProxies []netip.Prefix
	// Metrics may be shared by several APIs. They then count in the same metric.
	Metrics prometheus.Registerer
	// Tracer makes a span for each request; nil: there are no traces.
	Tracer trace.Tracer
	// Problems turns an error of the service into a problem. It returns nil for an error that it does not know.
	Problems func(error) *problem.Details
}

// API is a gin engine whose handlers return errors.
type API struct {
	*gin.Engine
	cfg      Config
	duration *prometheus.HistogramVec
}

// Handler writes a response, or returns why it did not. It must not do both.
type Handler func(*gin.Context) error

// New returns an API with no routes. Unknown paths and methods get problems.
func New(cfg Config) *API {
	engine := gin.New()
	engine.HandleMethodNotAllowed = true
	engine.RedirectTrailingSlash = false
	engine.RedirectFixedPath = false
	engine.ContextWithFallback = true  // log lines find the request's trace
	engine.ForwardedByClientIP = false // the client's address comes from httpd.ClientOf alone
	api := &API{Engine: engine, cfg: cfg, duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "http_server_request_duration_seconds", Help: httpd.DurationHelp,
		Buckets: httpd.DurationBuckets(),
	}, []string{"http_request_method", "http_route", "http_response_status_code"})}
	if cfg.Metrics != nil {
		api.duration = register(cfg.Metrics, api.duration)
	}
	engine.Use(api.observe, api.recoverPanic)
	engine.NoRoute(api.Handle(func(*gin.Context) error { return problem.NotFound() }))
	engine.NoMethod(api.Handle(func(c *gin.Context) error {
		// gin has put the path's methods into Allow.
		return problem.MethodNotAllowed(strings.Split(c.Writer.Header().Get("Allow"), ", "))
	}))
	return api
}

// register registers the histogram and returns it. If another API has registered one before, it returns that one.
func register(metrics prometheus.Registerer, duration *prometheus.HistogramVec) *prometheus.HistogramVec {
	err := metrics.Register(duration)
	if before, ok := errors.AsType[prometheus.AlreadyRegisteredError](err); ok {
		return before.ExistingCollector.(*prometheus.HistogramVec)
	}
	if err != nil {
		panic(err) // a name that is not allowed: a mistake in this file
	}
	return duration
}

// Handle makes a gin handler of h. An error becomes a problem.
func (a *API) Handle(h Handler) gin.HandlerFunc {
	return func(c *gin.Context) {
		if err := h(c); err != nil {
			a.refuse(c, err)
		}
	}
}

// refuse responds with the problem for err, and stops the chain. An unexpected error is logged and becomes a 500.
func (a *API) refuse(c *gin.Context, err error) {
	c.Abort()
	if c.Writer.Written() {
		a.cfg.Log.ErrorContext(c, "error after the response had begun", "error", err, "request_id", RequestID(c))
		return
	}
	var details *problem.Details
	if !errors.As(err, &details) {
		if a.cfg.Problems != nil {
			details = a.cfg.Problems(err)
		}
		if details == nil {
			a.cfg.Log.ErrorContext(c, "unexpected error", "error", err, "request_id", RequestID(c))
			details = problem.Internal()
		}
	}
	details.Write(c.Writer)
}

// recoverPanic turns a panic into a 500 for that request alone.
func (a *API) recoverPanic(c *gin.Context) {
	defer func() {
		switch cause := recover(); cause {
		case nil:
		case http.ErrAbortHandler: // a panic value, compared as net/http does
			panic(cause)
		default:
			a.cfg.Log.ErrorContext(c, "panic", "cause", fmt.Sprint(cause), "stack", string(debug.Stack()),
				"request_id", RequestID(c))
			a.refuse(c, problem.Internal())
		}
	}()
	c.Next()
}
