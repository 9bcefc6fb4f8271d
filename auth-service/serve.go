package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/httpapi"
	"tallygate/auth-service/internal/issuer"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/password"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/httpd"
	"tallygate/kit/service"
)

// sweepInterval is how often what is over is removed.
const sweepInterval = 10 * time.Minute

// serve puts the parts together and runs them until ctx ends or one of them fails. listening, if not nil, is told the
// addresses.
func serve(ctx context.Context, lookup env.Lookup, out io.Writer, listening func(public, private net.Addr)) error {
	cfg, err := readConfig(lookup)
	if err != nil {
		return err
	}
	log := cfg.Logger(out, "auth-service")
	cfg.database.Log = log
	db, err := store.Open(cfg.database)
	if err != nil {
		return fmt.Errorf("DATABASE_URL: %w", err)
	}
	defer db.Close() //nolint:errcheck // the process ends
	accounts, err := cfg.accounts(db)
	if err != nil {
		return err
	}
	feed := account.NewFeed(account.FeedConfig{Store: db, EndedLife: cfg.lifetimes.Ended()})
	sign := issuer.New(issuer.Config{Issuer: cfg.JWTIssuer, Audience: cfg.JWTAudience, TTL: cfg.JWTTTL}, cfg.JWTSecret.Value())
	cfg.tally.Store, cfg.tally.Log = db, log
	tally := ledger.NewService(cfg.tally)
	metrics := service.NewRegistry("auth-service", version)
	metrics.MustRegister(collectors.NewDBStatsCollector(db.Pool(), "tallygate"), queueGauge(cfg.queue))
	readiness := httpd.NewReadiness(db.Ready)
	public, private := httpapi.New(httpapi.Config{
		Accounts: accounts, Feed: feed, Ledger: tally, Issuer: sign, Verifier: cfg.Verifier(cfg.keyring), Internal: cfg.bearer,
		Readiness: readiness, TrustedProxies: cfg.trustedProxies, Metrics: metrics, Log: log, AccessLog: cfg.AccessLog,
	})
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
	go tally.Run(ctx)
	go follow.New(log, cfg.JWTSecrets(cfg.keyring, sign.Replace), cfg.internalSecrets()).Run(ctx)
	err = service.Run(ctx, service.Config{
		Addr: cfg.Addr, Public: httpd.NewServer(public, log), PrivateAddr: cfg.PrivateAddr, Private: mux, Metrics: metrics,
		Readiness: readiness, Settle: cfg.Settle, Drain: cfg.Drain, Log: log, Ready: listening,
	})
	if cause := context.Cause(ctx); cause != nil && !errors.Is(cause, context.Canceled) {
		err = errors.Join(cause, err)
	}
	return err
}

// accounts makes the domain over a database.
func (c *config) accounts(db *store.Store) (*account.Service, error) {
	hasher, err := password.NewHasher(c.params, c.queue, nil)
	if err != nil {
		return nil, err
	}
	return account.NewService(account.Config{
		Store: db, Hasher: hasher, Policy: c.policy, RefreshKeys: c.refreshKeys, Lifetimes: c.lifetimes,
		SessionsPerUser: c.sessions,
		Guesses:         guess.New(guess.Config{Store: db, Limits: c.guesses, Patience: c.patience}),
	}), nil
}

// sweep removes what is over, now and then.
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
			log.WarnContext(ctx, "sweep", "error", err)
		}
	}
}

func queueGauge(q *password.Queue) prometheus.Collector {
	return prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "tallygate_password_queue_length", Help: "Passwords that wait to be hashed.",
	}, func() float64 { return float64(q.Waiting()) })
}
