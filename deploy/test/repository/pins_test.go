package repository_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// A tag can be moved to other code. What is built and run in CI and in containers is named by what it is.
func TestActionsAndBaseImagesArePinned(t *testing.T) {
	t.Parallel()
	workflows, err := filepath.Glob(filepath.Join(testbed.Root(), ".github", "workflows", "*"))
	if err != nil || len(workflows) == 0 {
		t.Fatalf("got %d workflows, %v", len(workflows), err)
	}
	eachLine(t, workflows, regexp.MustCompile(`^[\s-]*uses:(.*)`), regexp.MustCompile(`^ [\w./-]+@[0-9a-f]{40} # v\d+\.\d+\.\d+$`))
	digest := `[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}`
	dockerfile := []string{filepath.Join(testbed.Root(), "deploy", "Dockerfile")}
	// A stage is an earlier one, the empty one, or the one with the Go toolchain, which has a default.
	eachLine(t, dockerfile, regexp.MustCompile(`^FROM (.*)`), regexp.MustCompile(`^(scratch|base|\$\{GO_IMAGE\}) AS [\w-]+$`))
	eachLine(t, dockerfile, regexp.MustCompile(`^ARG GO_IMAGE=?(.*)`), regexp.MustCompile(`^`+digest+`$`))
	compose := []string{filepath.Join(testbed.Root(), "docker-compose.yml")}
	eachLine(t, compose, regexp.MustCompile(`^ *image: (.*)`),
		regexp.MustCompile(`^(tallygate/[a-z-]+:\$\{VERSION:-dev\}|\$\{POSTGRES_IMAGE:-`+digest+`\})$`))
}

// eachLine checks what is captured in every line that has it, of which there has to be at least one.
func eachLine(t *testing.T, files []string, line, want *regexp.Regexp) {
	t.Helper()
	found := 0
	for _, file := range files {
		text, err := os.ReadFile(file)
		if err != nil {
			t.Fatal(err)
		}
		for one := range strings.Lines(string(text)) {
			if m := line.FindStringSubmatch(strings.TrimRight(one, "\n")); m != nil {
				found++
				if !want.MatchString(m[1]) {
					t.Errorf("%s: %q is not pinned", filepath.Base(file), strings.TrimSpace(one))
				}
			}
		}
	}
	if found == 0 {
		t.Errorf("no line is like %s: the test looks in the wrong way", line)
	}
}
