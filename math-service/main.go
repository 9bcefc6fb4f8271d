// Command math-service computes powers for whoever holds a good token. It is the worked example of a service behind the
// gate: it verifies tokens by the shared secret alone, has no database and calls nobody.
package main

import (
	"context"
	"io"
	"os"

	"tallygate/kit/env"
	"tallygate/kit/service"
)

// version is set when a release is linked.
var version = "dev"

func main() {
	os.Exit(service.Main(service.Program{Name: "math-service", Version: version, PrivateAddr: defaultPrivateAddr, Run: run}))
}

// run serves until ctx ends.
func run(ctx context.Context, lookup env.Lookup, out io.Writer) error {
	return serve(ctx, lookup, out, nil)
}
