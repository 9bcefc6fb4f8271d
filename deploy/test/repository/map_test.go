package repository_test

import (
	"os"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// packages are the folders that hold Go files. Examples in docs are none.
func packages(t *testing.T) []string {
	t.Helper()
	var folders []string
	for _, file := range walk(t, ".", func(name string) bool { return strings.HasSuffix(name, ".go") }) {
		if !strings.HasPrefix(file, "docs/") {
			folders = append(folders, path.Dir(file))
		}
	}
	slices.Sort(folders)
	return slices.Compact(folders)
}

// TestTheMapNamesEveryPackage compares the first column of the tables in docs/architecture.md with the packages.
func TestTheMapNamesEveryPackage(t *testing.T) {
	t.Parallel()
	var named []string
	_, text, _ := strings.Cut(readFile(t, "docs/architecture.md"), "\n## The packages\n")
	text, _, _ = strings.Cut(text, "\n## ")
	for _, match := range regexp.MustCompile("(?m)^\\| `([^`]+)` \\|").FindAllStringSubmatch(text, -1) {
		named = append(named, match[1])
	}
	slices.Sort(named)
	want := packages(t)
	for _, folder := range want {
		if !slices.Contains(named, folder) {
			t.Errorf("docs/architecture.md does not name the package %s", folder)
		}
	}
	for _, folder := range named {
		if !slices.Contains(want, folder) {
			t.Errorf("docs/architecture.md names %s, which is no package", folder)
		}
	}
}

// TestPathsInDocumentsLead checks that files and folders that the documents for developers name exist.
func TestPathsInDocumentsLead(t *testing.T) {
	t.Parallel()
	name := regexp.MustCompile("`((?:auth-service|math-service|gateway|kit|deploy|docs)/[A-Za-z0-9_./-]*)`")
	documents := append(markdownBelow(t, "docs"), "README.md", "CONTRIBUTING.md")
	found := 0
	for _, file := range documents {
		for _, match := range name.FindAllStringSubmatch(readFile(t, file), -1) {
			found++
			if _, err := os.Stat(filepath.Join(testbed.Root(), match[1])); err != nil {
				t.Errorf("%s names %s, which does not exist", file, match[1])
			}
		}
	}
	if found < 50 {
		t.Errorf("got %d paths: the pattern is out of date", found)
	}
}

// TestTestsThatDocumentsNameExist finds each test function that a document names.
func TestTestsThatDocumentsNameExist(t *testing.T) {
	t.Parallel()
	var sources strings.Builder
	for _, file := range walk(t, ".", func(name string) bool { return strings.HasSuffix(name, "_test.go") }) {
		sources.WriteString(readFile(t, file))
	}
	for _, file := range append(markdownBelow(t, "docs"), "CONTRIBUTING.md") {
		for _, match := range regexp.MustCompile(`\bTest[A-Z]\w+`).FindAllString(readFile(t, file), -1) {
			if !strings.Contains(sources.String(), "func "+match+"(") {
				t.Errorf("%s names %s, which is no test", file, match)
			}
		}
	}
}

// TestEveryMigrationIsThereForBothDatabases: without it, only production would show that one database lacks a migration.
func TestEveryMigrationIsThereForBothDatabases(t *testing.T) {
	t.Parallel()
	names := func(database string) (all []string) {
		folder := "auth-service/internal/store/migrations/" + database
		for _, file := range walk(t, folder, func(name string) bool { return strings.HasSuffix(name, ".sql") }) {
			all = append(all, path.Base(file))
		}
		return all
	}
	sqlite, postgres := names("sqlite"), names("postgres")
	if len(sqlite) == 0 || !slices.Equal(sqlite, postgres) {
		t.Errorf("got migrations %v for SQLite and %v for PostgreSQL", sqlite, postgres)
	}
}

func markdownBelow(t *testing.T, folder string) []string {
	t.Helper()
	return walk(t, folder, func(name string) bool { return strings.HasSuffix(name, ".md") })
}
