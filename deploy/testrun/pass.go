package main

import (
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
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

// racePasses are two passes. The first runs everything with the race detector. The second runs the tests that the first
// leaves out, those in files with the build constraint !race, without it.
func racePasses(all pass) ([]pass, error) {
	without, err := testFiles(all)
	if err != nil {
		return nil, err
	}
	all.race = true
	with, err := testFiles(all)
	if err != nil {
		return nil, err
	}
	passes, plain := []pass{all}, pass{tags: all.tags}
	for _, pkg := range slices.Sorted(maps.Keys(without)) {
		var tests []string
		for _, file := range without[pkg] {
			if slices.Contains(with[pkg], file) {
				continue
			}
			names, err := testNames(file)
			if err != nil {
				return nil, err
			}
			tests = append(tests, names...)
		}
		if len(tests) > 0 {
			plain.packages, plain.tests = append(plain.packages, pkg), append(plain.tests, tests...)
		}
	}
	if len(plain.packages) > 0 {
		passes = append(passes, plain)
	}
	return passes, nil
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
	lines, err := list(slices.Concat(p.buildFlags(), []string{"-f", format}, p.packages))
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
