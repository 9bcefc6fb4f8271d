// Command auth-service owns users and issues tokens: it is the only signer and the only one with a database.
//
// It refuses to know what tokens are used for. Gateways read here who may still use them.
package main

import (
	"context"
	"io"
	"os"

	"github.com/gin-gonic/gin"

	"tallygate/kit/env"
	"tallygate/kit/service"
)

func main() {
	gin.SetMode(gin.ReleaseMode) // gin has one mode for the whole process
	os.Exit(service.Main(service.Program{
		Name: "auth-service", PrivateAddr: defaultPrivateAddr, Run: run, Flags: commands,
	}))
}

// run serves until ctx ends.
func run(ctx context.Context, lookup env.Lookup, out io.Writer) error {
	return serve(ctx, lookup, out, nil)
}
