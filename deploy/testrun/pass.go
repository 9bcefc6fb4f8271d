package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
)

// pass is one call of `go test`.
type pass struct {
	tags     string
	race     bool
	noRace   []string // packages that the race detector leaves out
	fresh    bool     // take no result from the cache
	tests    []string // empty: all
	packages []string // import paths or patterns
}

// buildFlags are the flags that decide which files belong to a package.
func (p pass) buildFlags() []string {
	flags := []string{"-tags", p.tags}
	if p.race {
		flags = append(flags, "-race")
		for _, pkg := range p.noRace { // the go command puts its own -race before these
			flags = append(flags, "-gcflags="+pkg+"=-race=false")
		}
	}
	return flags
}

func (p pass) arguments() []string {
	args := append([]string{"test", "-json", "-shuffle=on", "-timeout", "20m"}, p.buildFlags()...)
	if p.fresh {
		args = append(args, "-count=1")
	}
	if len(p.tests) > 0 {
		args = append(args, "-run", "^("+strings.Join(p.tests, "|")+")$")
	}
	return append(args, p.packages...)
}

// environment is that of the go command.
func (p pass) environment() []string {
	if p.race {
		return append(os.Environ(), "CGO_ENABLED=1") // the race detector needs cgo
	}
	return os.Environ()
}

// racePasses are the passes of all tests. The first runs raced, packages or patterns, with the race detector. The second runs the
// tests that the first leaves out, those in files with the build constraint !race. The third runs the other packages.
func racePasses(all pass, raced []string) ([]pass, error) {
	withRace, notRaced := all, all
	withRace.race, withRace.packages = true, raced
	notRaced.packages = raced
	without, err := testFiles(notRaced)
	if err != nil {
		return nil, err
	}
	with, err := testFiles(withRace)
	if err != nil {
		return nil, err
	}
	passes := []pass{withRace}
	left, err := leftOut(without, with)
	if err != nil {
		return nil, err
	}
	if len(left.packages) > 0 {
		left.tags = all.tags
		passes = append(passes, left)
	}
	every, err := testFiles(all)
	if err != nil {
		return nil, err
	}
	others := all
	others.packages = nil
	for _, pkg := range slices.Sorted(maps.Keys(every)) {
		if _, ok := without[pkg]; !ok {
			others.packages = append(others.packages, pkg)
		}
	}
	if len(others.packages) > 0 {
		passes = append(passes, others)
	}
	return passes, nil
}

// leftOut is a pass of the tests that are in the files of one build and not in those of the other.
func leftOut(without, with map[string][]string) (p pass, err error) {
	for _, pkg := range slices.Sorted(maps.Keys(without)) {
		var tests []string
		for _, file := range without[pkg] {
			if slices.Contains(with[pkg], file) {
				continue
			}
			names, err := testNames(file)
			if err != nil {
				return pass{}, err
			}
			tests = append(tests, names...)
		}
		if len(tests) > 0 {
			p.packages, p.tests = append(p.packages, pkg), append(p.tests, tests...)
		}
	}
	return p, nil
}

// testNames are the functions of a file that `go test` runs: tests, fuzz targets with their seeds, and examples.
func testNames(file string) ([]string, error) {
	isTest := regexp.MustCompile(`^(Test|Fuzz|Example)([^a-z]|$)`)
	parsed, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.SkipObjectResolution)
	if err != nil {
		return nil, err
	}
	var names []string
	for _, decl := range parsed.Decls {
		if f, ok := decl.(*ast.FuncDecl); ok && f.Recv == nil && f.Name.Name != "TestMain" && isTest.MatchString(f.Name.Name) {
			names = append(names, f.Name.Name)
		}
	}
	return names, nil
}

// testFiles are the test files of each package of a pass.
func testFiles(p pass) (map[string][]string, error) {
	const format = "{{.ImportPath}}\t{{.Dir}}\t{{range .TestGoFiles}}{{.}} {{end}}{{range .XTestGoFiles}}{{.}} {{end}}"
	lines, err := list(p, format)
	if err != nil {
		return nil, err
	}
	files := map[string][]string{}
	for _, line := range lines {
		pkg, rest, _ := strings.Cut(line, "\t")
		dir, names, _ := strings.Cut(rest, "\t")
		for name := range strings.FieldsSeq(names) {
			files[pkg] = append(files[pkg], filepath.Join(dir, name))
		}
	}
	return files, nil
}
