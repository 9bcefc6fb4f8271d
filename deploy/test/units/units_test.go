package units_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/env"
	"tallygate/kit/service"
)

func TestSystemdUnderstandsTheUnits(t *testing.T) {
	t.Parallel()
	folder := t.TempDir()
	args := []string{"verify", "--man=no", "--recursive-errors=no"}
	for _, unit := range unitFiles(t, "tallygate*") {
		text, err := os.ReadFile(unit)
		if err != nil {
			t.Fatal(err)
		}
		// systemd-analyze wants programs that exist.
		copied := filepath.Join(folder, filepath.Base(unit))
		if err := os.WriteFile(copied, []byte(strings.ReplaceAll(string(text), programFolder, testbed.Program("")+"/")), 0o600); err != nil {
			t.Fatal(err)
		}
		args = append(args, copied)
	}
	analyze(t, args...)
}

// The level is from 0 (safe) to 10, and the threshold is ten times that.
func TestUnitsAreHardened(t *testing.T) {
	t.Parallel()
	for _, unit := range unitFiles(t, "*.service") {
		analyze(t, "security", "--no-pager", "--offline=yes", "--threshold=25", unit)
	}
}

func TestUnitsLetRequestsFinish(t *testing.T) {
	t.Parallel()
	defaults := service.ReadSettings(env.NewReader(func(string) (string, bool) { return "", false }), "", "")
	for _, unit := range unitFiles(t, "*.service") {
		if filepath.Base(unit) == "tallygate-secrets.service" {
			continue
		}
		stop, err := time.ParseDuration(settings(t, unit)["TimeoutStopSec"][0] + "s")
		if err != nil || stop < defaults.Settle+defaults.Drain+5*time.Second {
			t.Errorf("%s: systemd waits %s, %v, want more than %s and %s", filepath.Base(unit), stop, err, defaults.Settle, defaults.Drain)
		}
	}
}
