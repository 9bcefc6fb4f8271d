package testbed

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
)

// Root is the root folder of the repository.
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

// Program is the path of a program that `make build` builds.
func Program(name string) string { return filepath.Join(Root(), "bin", name) }

// builtVariable is set by make, which has built the programs already.
const builtVariable = "TALLYGATE_BUILT"

// Build runs `make build`, so that tests run the programs that are delivered. It is for TestMain: if the build fails, it
// ends the test binary.
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
