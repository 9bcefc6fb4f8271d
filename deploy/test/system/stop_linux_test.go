package system_test

import (
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// services waits for the runner to be ready and returns its three processes.
func services(t *testing.T, r *runner) map[string]int {
	t.Helper()
	r.waitReady(t)
	found := descendants(t, r.PID())
	for _, name := range []string{"auth-service", "math-service", "gateway"} {
		if found[name] == 0 {
			t.Fatalf("got processes %v, want %s among them", slices.Collect(maps.Keys(found)), name)
		}
	}
	return found
}

func TestEndingTheRunnerEndsTheServices(t *testing.T) {
	t.Parallel()
	type start func(*testing.T, string, ...string) *runner
	tests := []struct {
		name  string
		start start
		end   func(*runner) error
		exit  int
	}{
		{"Ctrl-C, which signals the whole group", startMake, func(r *runner) error {
			return syscall.Kill(-r.PID(), syscall.SIGINT)
		}, -1},
		{"SIGINT to make alone, by the program that started it", startMake, func(r *runner) error {
			return r.Signal(syscall.SIGINT)
		}, -1},
		{"SIGTERM to make alone", startMake, func(r *runner) error { return r.Signal(syscall.SIGTERM) }, -1},
		{"SIGKILL to make", startMake, func(r *runner) error { return r.Signal(syscall.SIGKILL) }, -1},
		{"SIGINT to the runner", startRunner, func(r *runner) error { return r.Signal(syscall.SIGINT) }, 0},
		{"SIGTERM to the runner", startRunner, func(r *runner) error { return r.Signal(syscall.SIGTERM) }, 0},
		{"the terminal's end", startRunner, func(r *runner) error { return r.Signal(syscall.SIGHUP) }, 0},
		{"SIGKILL to the runner", startRunner, func(r *runner) error { return r.Signal(syscall.SIGKILL) }, -1},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			r := test.start(t, t.TempDir())
			running := services(t, r)
			if err := test.end(r); err != nil {
				t.Fatal(err)
			}
			allGone(t, running)
			if got := r.waitEnd(t); got != test.exit && test.exit >= 0 {
				t.Errorf("got exit code %d, want %d; its output:\n%s", got, test.exit, r.Output())
			}
			r.nobodyListens(t)
		})
	}
}

func TestAServiceThatDiesEndsTheOthersAndIsNamed(t *testing.T) {
	t.Parallel()
	for _, name := range []string{"auth-service", "math-service", "gateway"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			r := startRunner(t, t.TempDir())
			running := services(t, r)
			if err := syscall.Kill(running[name], syscall.SIGKILL); err != nil {
				t.Fatal(err)
			}
			if got := r.waitEnd(t); got != 1 {
				t.Errorf("got exit code %d, want 1", got)
			}
			allGone(t, running)
			if out := r.Output(); !strings.Contains(out, name+" ended by itself (signal: killed)") {
				t.Errorf("got %s, want %s named and why", out, name)
			}
		})
	}
}

func TestMathServiceDoesNotGetTheInternalSecret(t *testing.T) {
	t.Parallel()
	r := startRunner(t, t.TempDir(), "DATABASE_URL=")
	environ, err := os.ReadFile(filepath.Join("/proc", strconv.Itoa(services(t, r)["math-service"]), "environ"))
	if err != nil {
		t.Fatal(err)
	}
	for variable := range strings.SplitSeq(string(environ), "\x00") {
		if name, _, _ := strings.Cut(variable, "="); strings.HasPrefix(name, "INTERNAL_SECRET") || strings.HasPrefix(name, "DATABASE_URL") {
			t.Errorf("math-service gets %s", name)
		}
	}
}
