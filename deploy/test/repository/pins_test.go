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
	images := []string{filepath.Join(testbed.Root(), "deploy", "images.env")}
	eachLine(t, images, regexp.MustCompile(`^(?:GO|POSTGRES)_IMAGE=(.*)`), regexp.MustCompile(`^[a-z]+:[\w.-]+@sha256:[0-9a-f]{64}$`))
}

// Plain `docker compose up` uses the tags of the same images.
func TestPinnedImagesAreThoseOfTheFiles(t *testing.T) {
	t.Parallel()
	pins := read(t, "deploy/images.env")
	for file, setting := range map[string]string{
		"deploy/Dockerfile":  `(?m)^ARG (GO_IMAGE)=(.+)$`,
		"docker-compose.yml": `\$\{(GO_IMAGE|POSTGRES_IMAGE):-([^}]+)\}`,
	} {
		found := regexp.MustCompile(setting).FindAllStringSubmatch(read(t, file), -1)
		if len(found) == 0 {
			t.Errorf("%s names no image", file)
		}
		for _, m := range found {
			if pin := m[1] + "=" + m[2] + "@sha256:"; !strings.Contains(pins, pin) {
				t.Errorf("%s has %s, but deploy/images.env no %s", file, m[2], pin)
			}
		}
	}
}

func read(t *testing.T, file string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), filepath.FromSlash(file)))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
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
