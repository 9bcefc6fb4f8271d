// Command testrun runs Go tests and prints what `go test` prints without -v. At the end it prints one line for each reason
// why tests were skipped, and how to enable them. With CI=true a skipped test is a failure.
//
// It does not know what is tested. It runs a test that fails once more, alone. If the test passes then, it is printed as
// flaky and does not fail the run. The race detector is on, for the packages that it is wanted for, if there is a C compiler.
// Files with the build constraint !race hold tests that the race detector would slow down or falsify: they run in a pass of
// their own, without it.
package main

import (
	"flag"
	"fmt"
	"io"
	"maps"
	"os"
	"os/exec"
	"os/signal"
	"slices"
	"strings"
	"syscall"
)

func main() {
	tags := flag.String("tags", "", "build tags")
	race := flag.String("race", "./...", "comma-separated `packages` whose tests run with the race detector")
	noRace := flag.String("norace", "", "comma-separated `packages` that the race detector leaves out of those programs")
	flag.Parse()
	// Ctrl-C reaches the go command too. It ends the tests, and then this program ends.
	signal.Ignore(syscall.SIGINT)

	all := pass{tags: *tags, packages: flag.Args()}
	if *noRace != "" {
		all.noRace = strings.Split(*noRace, ",")
	}
	ok, err := run(os.Stdout, all, strings.Split(*race, ","))
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(out io.Writer, all pass, raced []string) (ok bool, err error) {
	rep := newReport(out)
	passes := []pass{all}
	if compiler, found := cCompiler(); found {
		if passes, err = racePasses(all, raced); err != nil {
			return false, err
		}
	} else {
		rep.skip("the race detector", "no C compiler ("+compiler+"): install gcc or set CC")
	}
	ok = true
	for _, p := range passes {
		passed, err := goTest(rep, p)
		if err == nil && !passed {
			passed, err = alone(rep, p)
		}
		if err != nil {
			return false, err
		}
		ok = ok && passed
	}
	if n := rep.printSkipped(); n > 0 && os.Getenv("CI") == "true" {
		fmt.Fprintln(out, "FAIL\tCI=true allows nothing to be skipped")
		return false, nil
	}
	return ok, nil
}

// alone runs the failed tests once more, one package at a time, and reports whether all passed. Many tests measure the time
// of real processes. A machine with few cores that runs all of them at once may be too slow for one of them. Such a test
// is printed as flaky. After a panic or a data race nothing is run again.
func alone(rep *report, p pass) (passed bool, err error) {
	failed := rep.failed
	rep.failed = map[string][]string{}
	if rep.broken || len(failed) == 0 {
		return false, nil
	}
	for _, pkg := range slices.Sorted(maps.Keys(failed)) {
		tests := failed[pkg]
		if len(tests) == 0 {
			return false, nil // the package does not build, or its process died
		}
		p.fresh, p.tests, p.packages = true, tests, []string{pkg}
		passed, err := goTest(rep, p)
		if err != nil || !passed {
			return false, err
		}
		fmt.Fprintf(rep.out, "flaky\t%s: %s failed beside others and passed alone\n", pkg, strings.Join(tests, ", "))
	}
	return true, nil
}

// goTest runs a pass and reports whether every test passed.
func goTest(rep *report, p pass) (passed bool, err error) {
	cmd := exec.Command(goTool(), p.arguments()...)
	cmd.Env = p.environment()
	cmd.Stderr = os.Stderr
	events, err := cmd.StdoutPipe()
	if err != nil {
		return false, err
	}
	if err := cmd.Start(); err != nil {
		return false, err
	}
	readErr := rep.read(events)
	return cmd.Wait() == nil, readErr
}
