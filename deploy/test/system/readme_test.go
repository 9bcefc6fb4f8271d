package system_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestReadme runs the README's commands unchanged while `make run` runs: the blocks marked with <!-- test: … -->, in their
// order. Only the port differs.
func TestReadme(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(filepath.Join(testbed.Root(), "README.md"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(text), "```sh\nmake run\n```") {
		t.Error("the README does not say `make run`")
	}
	blocks := regexp.MustCompile("(?s)<!-- test: [a-z-]+ -->\n```sh\n(.*?)```").FindAllStringSubmatch(string(text), -1)
	if len(blocks) == 0 {
		t.Fatal("the README has no marked commands")
	}
	for _, tool := range []string{"curl", "sed"} {
		if _, err := exec.LookPath(tool); err != nil {
			t.Skipf("no %s: install it to run the README's commands", tool)
		}
	}
	r := startMake(t, t.TempDir())
	r.waitReady(t)
	out := checkCalls(t, r, "README", blocks)
	for _, want := range []string{`{"root":3}`, "The plan pro is new.", "has the plan pro", `"plan":"pro"`} {
		if !strings.Contains(out, want) {
			t.Errorf("README: got %s, want %s in it", out, want)
		}
	}
}

// TestGreeting runs the three calls that `make run` prints.
func TestGreeting(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("curl"); err != nil {
		t.Skip("no curl: install it to run the calls that make run prints")
	}
	r := startRunner(t, t.TempDir())
	r.waitReady(t)
	calls := regexp.MustCompile(`(?m)^  (\S*(?:curl|TOKEN=).*)$`).FindAllStringSubmatch(r.Output(), -1)
	if len(calls) != 3 {
		t.Fatalf("got %d calls in %q, want 3", len(calls), r.Output())
	}
	checkCalls(t, r, "greeting", calls)
}

// checkCalls runs commands in one shell, as if they were pasted into one at the root of the repository, and returns what they print.
func checkCalls(t *testing.T, r *runner, source string, blocks [][]string) string {
	t.Helper()
	script := "set -e\n"
	for _, block := range blocks {
		script += strings.ReplaceAll(block[1], "http://localhost:8000", r.base) + "\n"
	}
	cmd := exec.CommandContext(t.Context(), "sh", "-c", script)
	cmd.Dir, cmd.Env = testbed.Root(), append(os.Environ(), "DATABASE_URL=sqlite:"+filepath.Join(r.data, "tallygate.db"))
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	for _, want := range []string{"User created successfully", `{"root":51.42150122383022}`} {
		if !strings.Contains(string(out), want) {
			t.Errorf("%s: got %s, want %s in it", source, out, want)
		}
	}
	return string(out)
}
