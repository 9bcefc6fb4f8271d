package gateway_test

import (
	"flag"
	"os"
	"path/filepath"
	"testing"

	"tallygate/deploy/internal/testbed"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(replicaVariable); addr != "" {
		serveReplica(addr)
		return
	}
	flag.Parse()
	if *programs == "" {
		testbed.Build()
	}
	remove, err := prepareTLS()
	if err != nil {
		panic(err)
	}
	code := m.Run()
	remove()
	os.Exit(code)
}

var programs = flag.String("programs", "", "folder of the programs to try, instead of what make build makes")

func program(name string) string {
	if *programs != "" {
		return filepath.Join(*programs, name)
	}
	return testbed.Program(name)
}
