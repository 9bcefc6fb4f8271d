package main

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"go.opentelemetry.io/otel/trace"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/admission"
	"tallygate/auth-service/internal/httpapi"
	"tallygate/auth-service/internal/system"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/httpd"
	"tallygate/kit/service"
	"tallygate/kit/tracing"
)

// sweepInterval is how often sweep removes what is no longer needed.
const sweepInterval = 10 * time.Minute

// serve runs the service with its settings until ctx ends or a part of it fails. listening, if not nil, is called with the addresses.
func serve(ctx context.Context, lookup env.Lookup, out io.Writer, listening func(public, private net.Addr)) error {
	r := env.NewReader(lookup)
	cfg := readConfig(r)
	keys := newKeys(cfg, r)
	if err := r.Err(); err != nil {
		return err
	}
	log := cfg.Logger(out, "auth-service")
	log.Info("tokens are signed", "alg", keys.signing.Algorithm(), "kid", keys.signing.ID())
	traces, err := tracing.Start(ctx, cfg.Tracing, "auth-service", log)
	if err != nil {
		return err
	}
	defer traces.Stop(log)
	return assemble(ctx, cfg, keys, traces.Tracer(), log, out, listening)
}

// assemble puts the parts together and runs them until ctx ends or one of them fails. tracer may be nil.
func assemble(ctx context.Context, cfg *config, keys keys, tracer trace.Tracer, log *slog.Logger, out io.Writer, listening func(public, private net.Addr)) error {
	db, err := openStore(cfg.database, log, tracer)
	if err != nil {
		return err
	}
	defer db.Close() //nolint:errcheck // the process ends
	queue := newQueue(cfg.passwords)
	accounts, err := newAccounts(cfg, db, queue, keys)
	if err != nil {
		return err
	}
	feed := account.NewFeed(account.FeedConfig{Store: db, EndedLife: cfg.lifetimes.Ended()})
	signer := newIssuer(cfg, keys.signing)
	usage := newLedger(cfg.usage, db, log)
	metrics := service.NewRegistry("auth-service", out)
	metrics.MustRegister(newQueueMetrics(queue))
	metrics.MustRegister(databaseMetrics(db, cfg.database.url)...)
	readiness := httpd.NewReadiness(db.Ready)
	public, private := httpapi.New(httpapi.Config{
		Accounts: accounts, Feed: feed, Ledger: usage, Issuer: signer, Verifier: cfg.Verifier(keys.ring), Internal: keys.internal,
		System: system.New(system.Config{
			Store: db, Ledger: usage, Replica: replicaState(time.Now(), queue, db), Secrets: keys.state(cfg),
		}),
		Names: keys.names, Tickets: keys.tickets, PublicURL: cfg.publicURL,
		Askers: keys.askers, Asks: newAsks(cfg.database),
		Readiness: readiness, TrustedProxies: cfg.trustedProxies, Metrics: metrics, Log: log, AccessLog: cfg.AccessLog, Tracer: tracer,
	})
	requests := admission.NewRequests(public, cfg.bounds.Requests, cfg.trustedProxies)
	server := admission.NewServer(httpd.NewServer(requests, log), cfg.bounds.Connections, cfg.trustedProxies)
	metrics.MustRegister(admission.NewMetrics(requests, server))
	mux := http.NewServeMux()
	mux.Handle("/internal/", private)

	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	// The listeners open at once: a service whose database is not up yet is alive, only not ready.
	go func() {
		if err := db.Start(ctx); err != nil && ctx.Err() == nil {
			stop(err)
		}
	}()
	go feed.Run(ctx)
	go sweep(ctx, accounts, log)
	go sealAgain(ctx, accounts, keys.factors, log)
	go usage.Run(ctx)
	go follow.New(log, keys.tokenKeys(cfg, signer), keys.internalSecret(cfg), keys.askingSecret(cfg)).Run(ctx)
	err = service.Run(ctx, service.Config{
		Addr: cfg.Addr, Public: server, PrivateAddr: cfg.PrivateAddr, Private: mux, Metrics: metrics,
		Readiness: readiness, Settle: cfg.Settle, Drain: cfg.Drain, Log: log, Ready: listening,
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// sweep removes what is no longer needed, every sweepInterval until ctx ends.
func sweep(ctx context.Context, accounts *account.Service, log *slog.Logger) {
	tick := time.NewTicker(sweepInterval)
	defer tick.Stop()
	for {
		select {
		case <-tick.C:
		case <-ctx.Done():
			return
		}
		if err := accounts.Sweep(ctx); err != nil && ctx.Err() == nil {
			log.WarnContext(ctx, "sweep failed", "error", err)
		}
	}
}
