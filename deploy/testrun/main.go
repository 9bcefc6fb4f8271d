// Command testrun runs Go tests, prints what `go test` prints without -v, and after it one line for each part that
// was skipped and what would enable it. With CI=true a skipped part is a failure.
//
// It knows nothing of what is tested. A test that fails is run once more, alone; if it passes then it is named as flaky,
// and does not fail the run. The race detector is on where a C compiler is found. Files with the build constraint !race
// hold tests that it would slow down or falsify: they run in a second pass, without it.
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
	noRace := flag.String("norace", "", "comma-separated `packages` that the race detector leaves out")
	flag.Parse()
	// A signal from the terminal reaches the go command too: it ends the tests, and this program after it.
	signal.Ignore(syscall.SIGINT)

	all := pass{tags: *tags, packages: flag.Args()}
	if *noRace != "" {
		all.noRace = strings.Split(*noRace, ",")
	}
	ok, err := run(os.Stdout, all)
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(out io.Writer, all pass) (ok bool, err error) {
	rep := newReport(out)
	passes := []pass{all}
	if compiler, found := cCompiler(); found {
		if passes, err = racePasses(all); err != nil {
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

// alone runs the tests that failed once more, a package at a time and nothing beside it, and reports whether all passed.
// Many test real processes against bounds on time, and a machine with few cores that runs all of them at once may be too
// slow for one: such a test is named, and not hidden. A panic or a data race is not excused.
func alone(rep *report, p pass) (passed bool, err error) {
	failed := rep.failed
	rep.failed = map[string][]string{}
	if rep.broken || len(failed) == 0 {
		return false, nil
	}
	for _, pkg := range slices.Sorted(maps.Keys(failed)) {
		tests := failed[pkg]
		if len(tests) == 0 {
			return false, nil // it does not build, or its process died
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
