package gatewaytest_test

import (
	"flag"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

func TestMain(m *testing.M) {
	if addr := os.Getenv(replicaVariable); addr != "" {
		serveReplica(addr)
		return
	}
	flag.Parse()
	if *programs == "" {
		build := exec.Command("make", "-s", "build")
		build.Dir = root()
		if out, err := build.CombinedOutput(); err != nil {
			fmt.Fprintf(os.Stderr, "make build: %v\n%s", err, out)
			os.Exit(1)
		}
	}
	os.Exit(m.Run())
}

var programs = flag.String("programs", "", "folder of the programs to try, instead of what make build makes")

// root is the folder of the workspace.
func root() string {
	dir, err := filepath.Abs("../..")
	if err != nil {
		panic(err)
	}
	return dir
}

func program(name string) string {
	if *programs != "" {
		return filepath.Join(*programs, name)
	}
	return filepath.Join(root(), "bin", name)
}
