package repository_test

import (
	"go/build/constraint"
	"path"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// target is a line of the Makefile that runs tests.
type target struct {
	tags []string
	dir  string // empty: every package
}

// targets are the lines of the Makefile that run tests. testrun runs every package, `go test` only the named one.
func targets(t *testing.T) []target {
	t.Helper()
	all := []target{{}, {tags: []string{"race"}}}
	line := regexp.MustCompile(`(?m)^\t.*\$\(GO\) test -tags \$\(TAGS\),([\w,]+) .*\./(\S+?)/?$`)
	for _, match := range line.FindAllStringSubmatch(readFile(t, "Makefile"), -1) {
		all = append(all, target{strings.Split(match[1], ","), match[2]})
	}
	if len(all) < 5 {
		t.Fatalf("got targets %v: the pattern is out of date", all)
	}
	return all
}

// TestEveryTestIsRunByATarget: some target, on some system, has to meet the build constraint of each test file.
func TestEveryTestIsRunByATarget(t *testing.T) {
	t.Parallel()
	all, found := targets(t), 0
	for _, file := range walk(t, ".", func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
		text, _, _ := strings.Cut(readFile(t, file), "\npackage ")
		for line := range strings.Lines(text) {
			if !constraint.IsGoBuild(line) {
				continue
			}
			expr, err := constraint.Parse(strings.TrimSpace(line))
			if err != nil {
				t.Fatalf("%s: %v", file, err)
			}
			found++
			if !slices.ContainsFunc(all, func(run target) bool { return run.takes(path.Dir(file), expr) }) {
				t.Errorf("%s has the constraint %s, and no target of the Makefile runs it", file, expr)
			}
		}
	}
	if found < 10 {
		t.Errorf("got only %d constraints: the test looks in the wrong place", found)
	}
}

func (run target) takes(dir string, expr constraint.Expr) bool {
	if run.dir != "" && run.dir != dir {
		return false
	}
	for _, system := range []string{"linux", "darwin", "windows"} {
		if expr.Eval(func(tag string) bool {
			return tag == system || tag == "unix" && system != "windows" || slices.Contains(run.tags, tag)
		}) {
			return true
		}
	}
	return false
}
