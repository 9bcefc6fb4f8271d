// Command math-service computes powers for clients with a valid token. It is the example of a service behind the gateway:
// it verifies tokens with the shared secret alone, has no database and calls no other service.
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
	os.Exit(service.Main(service.Program{Name: "math-service", PrivateAddr: defaultPrivateAddr, Run: run}))
}

// run serves until ctx ends.
func run(ctx context.Context, lookup env.Lookup, out io.Writer) error {
	return serve(ctx, lookup, out, nil)
}
