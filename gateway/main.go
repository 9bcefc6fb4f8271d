// Command gateway stands in front of the APIs: it routes, checks and meters every call, and forwards it.
//
// It holds no account and signs no token; auth-service does both.
package main

import (
	"context"
	"io"
	"os"

	"tallygate/kit/env"
	"tallygate/kit/service"
)

func main() {
	os.Exit(service.Main(service.Program{
		Name: serviceName, PrivateAddr: defaultPrivateAddr, Run: run, Flags: ownFlags,
	}))
}

// run serves until ctx ends.
func run(ctx context.Context, lookup env.Lookup, out io.Writer) error {
	r := env.NewReader(lookup)
	cfg := readConfig(r)
	keys := cfg.Keyring(r)
	bearer := cfg.bearer(r, keys)
	if err := r.Err(); err != nil {
		return err // all mistakes at once
	}
	g, err := newGateway(cfg, keys, bearer, out)
	if err != nil {
		return err
	}
	return g.serve(ctx)
}
