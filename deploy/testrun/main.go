// Command testrun runs Go tests, prints what `go test` prints without -v, and after it one line for each part that
// was skipped and what would enable it. With CI=true a skipped part is a failure.
//
// It knows nothing of what is tested. A test that fails is run once more, alone; if it passes then it is named as flaky, and
// does not fail the run. The race detector is on where a C compiler is found. Packages that -last names
// run after all the others and alone, so that nothing takes their time.
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
	last := flag.String("last", "", "a package to run after all the others")
	flag.Parse()
	// A signal from the terminal reaches the go command too: it ends the tests, and this program after it.
	signal.Ignore(syscall.SIGINT)

	ok, err := run(os.Stdout, *tags, *last, flag.Args())
	if err != nil {
		fmt.Fprintln(os.Stderr, "testrun:", err)
	}
	if err != nil || !ok {
		os.Exit(1)
	}
}

func run(out io.Writer, tags, last string, patterns []string) (ok bool, err error) {
	rep := newReport(out)
	flags := []string{"test", "-json", "-shuffle=on", "-timeout", "10m", "-tags", tags}
	if compiler, found := cCompiler(); found {
		flags = append(flags, "-race")
	} else {
		rep.skip("the race detector", "no C compiler ("+compiler+"): install gcc or set CC")
	}
	packages, err := list(tags, patterns)
	if err != nil {
		return false, err
	}
	others := slices.DeleteFunc(slices.Clone(packages), func(p string) bool { return p == last })
	groups := [][]string{others}
	if len(others) < len(packages) {
		groups = append(groups, []string{last})
	}
	ok = true
	for _, group := range groups {
		if len(group) == 0 {
			continue
		}
		passed, err := goTest(rep, slices.Concat(flags, group))
		if err == nil && !passed {
			passed, err = alone(rep, flags)
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
// Many test real processes with limits of time, and a machine with few cores that runs all of them at once may be too
// slow for one: such a one is named, and not hidden. A panic or a data race is not excused.
func alone(rep *report, flags []string) (passed bool, err error) {
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
		passed, err := goTest(rep, slices.Concat(flags, []string{"-count=1", "-run", "^(" + strings.Join(tests, "|") + ")$", pkg}))
		if err != nil || !passed {
			return false, err
		}
		fmt.Fprintf(rep.out, "flaky\t%s: %s failed beside others and passed alone\n", pkg, strings.Join(tests, ", "))
	}
	return true, nil
}

// goTest runs the go command and reports whether every test passed.
func goTest(rep *report, args []string) (passed bool, err error) {
	cmd := exec.Command(goTool(), args...)
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
