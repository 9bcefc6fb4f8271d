package units_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

func TestMain(m *testing.M) {
	testbed.Build()
	os.Exit(m.Run())
}

// programFolder is where the units find the programs.
const programFolder = "/usr/lib/tallygate/"

// unitFiles are the files in deploy/systemd that match a pattern.
func unitFiles(t *testing.T, pattern string) []string {
	t.Helper()
	files, err := filepath.Glob(filepath.Join(testbed.Root(), "deploy", "systemd", pattern))
	if err != nil || len(files) == 0 {
		t.Fatalf("got %d units, %v", len(files), err)
	}
	return files
}

// settings are the values of each setting of a unit's section [Service], in their order.
func settings(t *testing.T, unit string) map[string][]string {
	t.Helper()
	text, err := os.ReadFile(unit)
	if err != nil {
		t.Fatal(err)
	}
	values, section := map[string][]string{}, ""
	for line := range strings.Lines(string(text)) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "[") {
			section = line
		}
		if name, value, ok := strings.Cut(line, "="); ok && section == "[Service]" && !strings.HasPrefix(line, "#") {
			values[name] = append(values[name], value)
		}
	}
	return values
}

// analyze runs systemd-analyze, or skips the test.
func analyze(t *testing.T, args ...string) {
	t.Helper()
	if _, err := exec.LookPath("systemd-analyze"); err != nil {
		t.Skip("no systemd-analyze: install systemd 250 or later to check the units")
	}
	if out, err := exec.CommandContext(t.Context(), "systemd-analyze", args...).CombinedOutput(); err != nil || strings.Contains(string(out), "Unknown") {
		t.Errorf("systemd-analyze %s: %v\n%s", strings.Join(args, " "), err, out)
	}
}
