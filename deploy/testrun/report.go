package main

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"
)

// event is a line that `go test -json` prints (go doc test2json).
type event struct {
	Action  string
	Package string
	Test    string
	Output  string
}

type testKey struct{ pkg, test string }

// report turns events into text for a person. It keeps a test's output until the test ends: a failed test's output is
// printed, a skipped test's output has the reason.
type report struct {
	out     io.Writer
	pending map[testKey][]string
	skips   map[string]*skips // by reason
	reasons []string          // in the order of their first test
	// failed are the failed tests by package. The list is empty if the package failed for another reason.
	failed map[string][]string
	// broken: there was a data race or a panic. A second run does not excuse it.
	broken bool
}

// skips are the packages in which tests were skipped for one reason.
type skips struct {
	parts []string
	count int
}

func newReport(out io.Writer) *report {
	return &report{out: out, pending: map[testKey][]string{}, skips: map[string]*skips{}, failed: map[string][]string{}}
}

func (r *report) read(events io.Reader) error {
	lines := bufio.NewScanner(events)
	lines.Buffer(nil, 64<<20)
	for lines.Scan() {
		var e event
		if err := json.Unmarshal(lines.Bytes(), &e); err != nil {
			fmt.Fprintln(r.out, lines.Text()) // not an event: a message of the go command
			continue
		}
		r.take(e)
	}
	return lines.Err()
}

func (r *report) take(e event) {
	name := testKey{e.Package, e.Test}
	switch {
	case e.Action == "build-output":
		fmt.Fprint(r.out, e.Output)
	case e.Action == "output" && e.Test == "" && isResult(e.Output):
		fmt.Fprint(r.out, e.Output)
	case e.Action == "output":
		r.broken = r.broken || strings.Contains(e.Output, "WARNING: DATA RACE") || strings.HasPrefix(e.Output, "panic: ")
		r.pending[name] = append(r.pending[name], e.Output)
		if _, figure, ok := strings.Cut(e.Output, "figure: "); ok {
			fmt.Fprint(r.out, "    figure: ", figure)
		}
	case e.Action == "skip" && e.Test != "":
		r.skip(e.Package, reason(r.pending[name]))
		delete(r.pending, name)
	case e.Action == "fail" && e.Test != "":
		r.print(name)
		if !strings.Contains(e.Test, "/") {
			r.failed[e.Package] = append(r.failed[e.Package], e.Test)
		}
	case e.Action == "fail":
		if _, known := r.failed[e.Package]; !known {
			r.failed[e.Package] = nil
		}
		r.printAll(e.Package)
	case e.Action == "pass" || e.Action == "skip":
		delete(r.pending, name)
	}
}

// isResult reports whether a line is the last one that `go test` prints for a package.
func isResult(line string) bool {
	return strings.HasPrefix(line, "ok  \t") || strings.HasPrefix(line, "FAIL\t")
}

func (r *report) print(name testKey) {
	for _, line := range r.pending[name] {
		if !strings.HasPrefix(line, "=== ") {
			fmt.Fprint(r.out, line)
		}
	}
	delete(r.pending, name)
}

// printAll prints a failed package's output outside its tests, and the output of tests that had not ended.
func (r *report) printAll(pkg string) {
	var names []testKey
	for name := range r.pending {
		if name.pkg == pkg {
			names = append(names, name)
		}
	}
	slices.SortFunc(names, func(a, b testKey) int { return strings.Compare(a.test, b.test) })
	for _, name := range names {
		r.print(name)
	}
}

// reason is the text with which a test was skipped.
func reason(output []string) string {
	place := regexp.MustCompile(`^\s+[\w.-]+\.go:\d+: `)
	for _, line := range output {
		if place.MatchString(line) {
			return strings.TrimSpace(place.ReplaceAllString(line, ""))
		}
	}
	return "no reason given"
}

func (r *report) skip(part, reason string) {
	s := r.skips[reason]
	if s == nil {
		s = &skips{}
		r.skips[reason] = s
		r.reasons = append(r.reasons, reason)
	}
	s.count++
	if !slices.Contains(s.parts, part) {
		s.parts = append(s.parts, part)
	}
}

// printSkipped prints a line for each reason and returns how many tests were skipped.
func (r *report) printSkipped() int {
	total := 0
	for _, reason := range r.reasons {
		s := r.skips[reason]
		total += s.count
		fmt.Fprintf(r.out, "skipped\t%s (%d): %s\n", strings.Join(s.parts, ", "), s.count, reason)
	}
	return total
}
