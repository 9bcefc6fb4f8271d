package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Root is the folder of the workspace that the running test lies in.
func Root() string {
	dir, err := os.Getwd()
	if err != nil {
		panic(err)
	}
	for dir != filepath.Dir(dir) {
		if _, err := os.Stat(filepath.Join(dir, "go.work")); err == nil {
			return dir
		}
		dir = filepath.Dir(dir)
	}
	panic("not in the workspace")
}

// Program is the path of a program that `make build` makes.
func Program(name string) string { return filepath.Join(Root(), "bin", name) }

// builtVariable is set by make, which has built the programs already.
const builtVariable = "TALLYGATE_BUILT"

// Build makes the programs as `make build` does, so that what is tested is what is delivered. For use in TestMain: it
// ends the test binary if that fails.
func Build() {
	if os.Getenv(builtVariable) != "" {
		return
	}
	build := exec.Command("make", "-s", "build")
	build.Dir = Root()
	if out, err := build.CombinedOutput(); err != nil {
		fmt.Fprintf(os.Stderr, "make build: %v\n%s", err, out)
		os.Exit(1)
	}
}
