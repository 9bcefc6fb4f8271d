package repository_test

import (
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestEverySettingIsDocumented finds the variables that the programs' sources read. A document has to name each of them.
func TestEverySettingIsDocumented(t *testing.T) {
	t.Parallel()
	documents := readFile(t, "README.md") + readFile(t, "docs/configuration.md") + readFile(t, "docs/operate.md")
	read := regexp.MustCompile(`\br\.(?:String|Int|Duration|Bool|OneOf|URL|Prefixes|Secret|OptionalSecret)\("([A-Z_0-9]+)"`)
	found := 0
	for _, file := range goFiles(t, "auth-service", "gateway", "math-service", "kit/service") {
		for _, match := range read.FindAllStringSubmatch(readFile(t, file), -1) {
			found++
			if !strings.Contains(documents, "`"+match[1]) && !strings.Contains(documents, " "+match[1]) {
				t.Errorf("%s reads %s, which no document names", file, match[1])
			}
		}
	}
	if found < 20 {
		t.Errorf("only %d settings were found: the pattern is out of date", found)
	}
}

// TestLinksBetweenDocumentsAreRight checks that every file that a document links to is there.
func TestLinksBetweenDocumentsAreRight(t *testing.T) {
	t.Parallel()
	link := regexp.MustCompile(`\]\(([^)#\s]+)(?:#[^)]*)?\)`)
	for _, file := range markdown(t) {
		for _, match := range link.FindAllStringSubmatch(readFile(t, file), -1) {
			if strings.Contains(match[1], "://") || strings.HasPrefix(match[1], "mailto:") {
				continue
			}
			if _, err := os.Stat(filepath.Join(testbed.Root(), filepath.Dir(file), match[1])); err != nil {
				t.Errorf("%s links to %s, which is not there", file, match[1])
			}
		}
	}
}

// TestLinksToHeadingsAreRight checks that the document has the heading that a link leads to.
func TestLinksToHeadingsAreRight(t *testing.T) {
	t.Parallel()
	code := regexp.MustCompile("(?s)```.*?```")
	heading := regexp.MustCompile(`(?m)^#+ (.*)$`)
	link := regexp.MustCompile(`\]\(([^)#\s:]*)#([^)\s]+)\)`)
	headings, found := map[string]map[string]bool{}, 0
	for _, file := range markdown(t) {
		headings[file] = map[string]bool{}
		for _, match := range heading.FindAllStringSubmatch(code.ReplaceAllString(readFile(t, file), ""), -1) {
			headings[file][anchor(match[1])] = true
		}
	}
	for file := range headings {
		for _, match := range link.FindAllStringSubmatch(code.ReplaceAllString(readFile(t, file), ""), -1) {
			to := file
			if match[1] != "" {
				to = path.Join(path.Dir(file), match[1])
			}
			if all, document := headings[to]; document {
				found++
				if !all[match[2]] {
					t.Errorf("%s links to %s#%s, and there is no such heading", file, to, match[2])
				}
			}
		}
	}
	if found < 50 {
		t.Errorf("got only %d links to headings: the pattern is out of date", found)
	}
}

// anchor is the name under which GitHub shows a heading.
func anchor(heading string) string {
	text := regexp.MustCompile(`\[([^\]]*)\]\([^)]*\)`).ReplaceAllString(heading, "$1")
	text = regexp.MustCompile(`[^\p{L}\p{N}_ -]`).ReplaceAllString(strings.ToLower(text), "")
	return strings.ReplaceAll(text, " ", "-")
}

func readFile(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), name))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func goFiles(t *testing.T, folders ...string) []string {
	t.Helper()
	var files []string
	for _, folder := range folders {
		files = append(files, walk(t, folder, func(name string) bool {
			return strings.HasSuffix(name, ".go") && !strings.HasSuffix(name, "_test.go")
		})...)
	}
	return files
}

func markdown(t *testing.T) []string {
	t.Helper()
	return walk(t, ".", func(name string) bool { return strings.HasSuffix(name, ".md") })
}

// walk lists the files below a folder of the repository. It leaves out what a build or a run creates.
func walk(t *testing.T, folder string, want func(name string) bool) []string {
	t.Helper()
	var files []string
	err := fs.WalkDir(os.DirFS(testbed.Root()), folder, func(path string, entry fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case entry.IsDir() && (path == "bin" || path == "data" || path == ".git"):
			return fs.SkipDir
		case !entry.IsDir() && want(entry.Name()):
			files = append(files, path)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return files
}
