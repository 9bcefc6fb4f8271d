package main

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"log/slog"
	"net"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"tallygate/gateway/internal/acme"
	"tallygate/gateway/internal/apidoc"
	"tallygate/gateway/internal/authclient"
	"tallygate/gateway/internal/check"
	"tallygate/gateway/internal/edge"
	"tallygate/gateway/internal/forward"
	"tallygate/gateway/internal/limit"
	"tallygate/gateway/internal/meter"
	"tallygate/gateway/internal/report"
	"tallygate/gateway/internal/route"
	"tallygate/gateway/internal/upstream"
	"tallygate/gateway/internal/wire"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/httpd"
	"tallygate/kit/internalapi"
	"tallygate/kit/service"
	"tallygate/kit/ticket"
	"tallygate/kit/token"
	"tallygate/kit/tracing"
)

// gateway holds all parts.
type gateway struct {
	cfg      *config
	log      *slog.Logger
	registry *prometheus.Registry
	keys     *token.Keyring
	bearer   *internalapi.Bearer
	tickets  *ticket.Keys
	checker  *check.Checker
	meter    *meter.Meter
	quotas   *limit.Quotas
	rates    *limit.Rates
	watch    *wire.Watch
	access   *edge.AccessLog
	edge     *edge.Server
	routes   *routes
	apidoc   *apidoc.Keeper     // nil without pages
	certs    serverCertificates // nil without TLS
	acme     *acme.Manager      // nil without TLS_DOMAINS
	reporter *report.Reporter
	dropped  func() int64 // log lines
	traces   *tracing.Tracing
}

func newGateway(cfg *config, keys *token.Keyring, bearer *internalapi.Bearer, out io.Writer) (*gateway, error) {
	g := &gateway{
		cfg: cfg, keys: keys, bearer: bearer, log: cfg.Logger(out, serviceName), registry: service.NewRegistry(serviceName, out),
	}
	warnOfFewDescriptors(g.log, cfg.memory.connections)
	var err error
	if g.traces, err = tracing.Start(context.Background(), cfg.Tracing, serviceName, g.log); err != nil {
		return nil, err
	}
	if g.tickets, err = ticket.NewKeys(token.SplitSecrets(cfg.internalSecret.Value())); err != nil {
		return nil, err
	}
	auth := authclient.New(cfg.authPrivate.String(), g.bearer)
	g.checker = check.New(check.Config{
		Verifier: cfg.Verifier(keys), AuthService: auth, Tickets: g.tickets, Log: g.log, MaxStaleness: cfg.maxStaleness,
		MaxTokens: cfg.memory.tokens, MaxUsers: cfg.memory.users,
	})
	if g.meter, err = meter.Open(meter.Config{StateDir: cfg.stateDir, Ledger: auth, Log: g.log}); err != nil {
		return nil, err
	}
	g.quotas = limit.NewQuotas(limit.QuotaConfig{
		Gateway: g.meter.Instance(), Ledger: auth, Meter: g.meter, Log: g.log,
		RefuseWhenUnreachable: cfg.quotaRefuse, Settled: g.meter.Adopted(),
	})
	g.rates = limit.NewRates(limit.RateConfig{Gateway: g.meter.Instance(), Sharer: auth, Log: g.log, Bound: cfg.memory.rateMarks})
	metrics := edge.NewMetrics()
	g.registry.MustRegister(metrics)
	g.registry.MustRegister(slices.Concat(g.checker.Collectors(), g.meter.Collectors(), g.quotas.Collectors())...)
	g.watch = wire.NewWatch()
	if cfg.AccessLog && g.log.Enabled(context.Background(), slog.LevelInfo) {
		g.access = edge.NewAccessLog(out, serviceName, cfg.LogFormat == "text")
	}
	if err := g.openCertificates(); err != nil {
		return nil, err
	}
	budget := wire.NewBudget(cfg.memory.budget)
	g.registry.MustRegister(slices.Concat(memoryMetrics(budget), g.boundMetrics())...)
	upstreams := upstream.New(upstream.Config{
		Watch: g.watch, Log: g.log, Budget: budget, MakeRoom: func() { g.edge.MakeRoom() },
		TLS: func(t upstream.TLS) func() *tls.Config { return g.routes.tls.of(t) },
	})
	engine := forward.New(forward.Config{Watch: g.watch, Via: "tallygate", BodyRate: int64(cfg.bodyRate), Budget: budget})
	g.registry.MustRegister(upstreams.Collector(), engine.Collector())
	g.edge = edge.New(edge.Config{
		Check: g.checker, Meter: g.meter, Rates: g.rates, Quotas: g.quotas,
		Upstreams: upstreams, Engine: engine,
		Watch: g.watch, Pages: cfg.pages, Trusted: cfg.trusted, CORS: cfg.cors, Hosts: cfg.hosts, Log: g.log, Access: g.access, Tracer: tracerOf(g.traces), Metrics: metrics, TLS: g.tlsConfig(), StrictTransport: cfg.strict,
		MaxHeadBytes: cfg.maxHead, MaxTargetBytes: cfg.maxTarget,
		Budget: budget, MaxConnections: cfg.memory.connections, ConnectionsPerAddress: cfg.perAddress, ProxyProtocol: cfg.proxyProtocol, IdleTimeout: cfg.idleTimeout,
	})
	g.reporter = g.newReporter(auth, out)
	g.publishKeys()
	if err := g.describe(); err != nil {
		return nil, err
	}
	g.routes = newRoutes(cfg, g.putRoutes)
	g.registry.MustRegister(g.routes.valid)
	return g, g.routes.load()
}

// tracerOf is what the edge traces with; nil, not a nil pointer, if it does not.
func tracerOf(t *tracing.Tracing) edge.Tracer {
	if t == nil {
		return nil
	}
	return t
}

// openCertificates loads what HTTPS is served with.
func (g *gateway) openCertificates() error {
	switch {
	case g.cfg.tlsCert != "":
		file, err := newCertificateFile(g.cfg.tlsCert, g.cfg.tlsKey)
		if err != nil {
			return fmt.Errorf("TLS_CERT_FILE, TLS_KEY_FILE: %w", err)
		}
		g.certs = file
	case len(g.cfg.acme.domains) > 0:
		var err error
		if g.acme, err = newACME(g.cfg, g.log); err != nil {
			return err
		}
		g.certs = g.acme
	}
	return nil
}

// tlsConfig is what ADDR is served with; nil without TLS.
func (g *gateway) tlsConfig() *tls.Config {
	if g.acme != nil {
		return tlsConfig(g.certs, g.cfg.http2, acme.Protocol)
	}
	return tlsConfig(g.certs, g.cfg.http2)
}

// publishKeys shows the public keys that are in force. The next key is among them before it signs.
func (g *gateway) publishKeys() { g.edge.SetKeys(g.cfg.keysPath(), token.JWKS(g.keys.PublicKeys())) }

// putRoutes puts a table in force, and logs what its paths do not show.
func (g *gateway) putRoutes(table *route.Table) {
	g.edge.SetRoutes(table)
	if g.apidoc != nil {
		g.apidoc.SetRoutes(table)
	}
	logOverlaps(g.log, overlapsOf(table, g.cfg.builtins(), g.cfg.pagePaths()))
}

// lastDelivery is the timeout of the last delivery. Counts that are not delivered stay on the disk.
const lastDelivery = 5 * time.Second

// serve runs the parts until ctx ends and the last request has its response.
func (g *gateway) serve(ctx context.Context) error {
	background, stop := context.WithCancel(context.WithoutCancel(ctx))
	var parts sync.WaitGroup
	parts.Go(func() { g.watch.Run(background) })
	parts.Go(func() { g.edge.Run(background) })
	parts.Go(func() { _ = g.checker.Run(background) }) // returns nil when background ends
	parts.Go(func() { _ = g.meter.Run(background) })   // the same
	parts.Go(func() { _ = g.quotas.Run(background) })  // the same
	parts.Go(func() { _ = g.rates.Run(background) })   // the same
	parts.Go(func() { g.reporter.Run(background) })
	if g.apidoc != nil {
		g.apidoc.Join() // the routes stand in it from the first request on
		parts.Go(func() { g.apidoc.Run(background) })
	}
	if g.access != nil {
		parts.Go(func() { g.access.Run(background) })
	}
	follower := follow.New(g.log, g.sources()...) // before the gateway listens, and is known to be there
	parts.Go(func() { follower.Run(background) })

	readiness := httpd.NewReadiness(g.checker.Ready)
	readiness.Detail = func() map[string]string { return map[string]string{"revocations": g.checker.Detail()} }
	err := service.Run(ctx, service.Config{
		Addr: g.cfg.Addr, Public: g.edge, More: g.redirector(), PrivateAddr: g.cfg.PrivateAddr, Metrics: g.registry,
		Ready: func(_, _ net.Addr) {
			if g.acme != nil {
				parts.Go(func() { g.acme.Run(background) }) // the authority asks the listeners
			}
		},
		Readiness: readiness, Stopping: g.edge.Stopping, Settle: g.cfg.Settle, Drain: g.cfg.Drain, Log: g.log,
	})
	stop()
	parts.Wait()
	g.traces.Stop(g.log)
	last, cancel := context.WithTimeout(context.WithoutCancel(ctx), lastDelivery)
	defer cancel()
	if closeErr := g.meter.Close(last); closeErr != nil {
		g.log.Warn("usage is left for the next gateway to deliver", "error", closeErr)
	}
	return err
}

// redirector is the listener for clients that come by plain HTTP, if there is one.
func (g *gateway) redirector() []service.Listener {
	if g.cfg.redirectAddr == "" {
		return nil
	}
	cfg := edge.RedirectConfig{Hosts: g.cfg.hosts, Port: portOf(g.cfg.Addr), Errors: g.log}
	if g.cfg.proxyProtocol {
		cfg.ProxyProtocol = g.cfg.trusted
	}
	if g.acme != nil {
		cfg.Challenge = g.acme.Respond
	}
	if g.cfg.AccessLog {
		cfg.Requests = g.log
	}
	return []service.Listener{{Name: "HTTP_REDIRECT_ADDR", Addr: g.cfg.redirectAddr, Server: edge.NewRedirector(cfg)}}
}

// sources are the files that are reloaded when they change.
func (g *gateway) sources() []follow.Source {
	secret := g.cfg.internalSecret
	replace := func() error {
		if err := g.bearer.Replace(secret.Value()); err != nil {
			return err
		}
		return g.tickets.Replace(token.SplitSecrets(secret.Value()))
	}
	all := []follow.Source{
		g.cfg.Keys(g.keys, g.publishKeys),
		env.SecretFiles(replace, secret),
	}
	if g.cfg.routesFile != "" {
		all = append(all, g.routes.sources()...)
	}
	if file, ok := g.certs.(*certificateFile); ok {
		all = append(all, file.source())
	}
	return all
}
