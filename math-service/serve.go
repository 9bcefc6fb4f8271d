package main

import (
	"context"
	"io"
	"net"

	"tallygate/kit/env"
	"tallygate/kit/follow"
	"tallygate/kit/httpd"
	"tallygate/kit/service"
	"tallygate/kit/token"
	"tallygate/kit/tracing"
	"tallygate/math-service/internal/httpapi"
)

// The defaults of the two listeners.
const (
	defaultAddr        = "127.0.0.1:8002"
	defaultPrivateAddr = "127.0.0.1:9002"
)

// rememberedTokens bounds the cache of verified tokens: some 10 MB at most.
const rememberedTokens = 10_000

// serve puts the parts together and runs them until ctx ends. listening, if not nil, gets the addresses.
func serve(ctx context.Context, lookup env.Lookup, out io.Writer, listening func(public, private net.Addr)) error {
	r := env.NewReader(lookup)
	cfg := service.ReadSettings(r, defaultAddr, defaultPrivateAddr)
	keys := cfg.Keyring(r)
	if err := r.Err(); err != nil {
		return err
	}
	log := cfg.Logger(out, "math-service")
	traces, err := tracing.Start(ctx, cfg.Tracing, "math-service", log)
	if err != nil {
		return err
	}
	defer traces.Stop(log)
	metrics := service.NewRegistry("math-service", out)
	readiness := httpd.NewReadiness()
	api := httpapi.New(httpapi.Config{
		Tokens: token.NewCache(cfg.Verifier(keys), rememberedTokens), Readiness: readiness,
		Metrics: metrics, Log: log, AccessLog: cfg.AccessLog, Tracer: traces.Tracer(),
	})
	go follow.New(log, cfg.Keys(keys, nil)).Run(ctx)
	return service.Run(ctx, service.Config{
		Addr: cfg.Addr, Public: httpd.NewServer(api, log), PrivateAddr: cfg.PrivateAddr, Metrics: metrics,
		Readiness: readiness, Settle: cfg.Settle, Drain: cfg.Drain, Log: log, Ready: listening,
	})
}
