package stack

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// Config says which stack to prepare.
type Config struct {
	Version string   // the tag of its images
	Compose []string // the Compose command; the newest on this machine if empty
	// Override is the text of a further Compose file: what differs from the one that is shipped. Empty: nothing.
	Override string
}

// Stack is the shipped docker-compose.yml, with a project name and a port of its own.
type Stack struct {
	Dir     string   // the folder of docker-compose.yml
	Base    string   // the address of the published gateway, like http://localhost:8000
	Project string   // the project's name
	Env     []string // the environment of every Compose command

	compose  []string
	override string // the file with Config.Override
}

// New prepares a stack and starts nothing. When the test ends, the stack and its volumes are removed. Without a container
// engine the test fails.
func New(t testing.TB, cfg Config) *Stack {
	t.Helper()
	if err := Engine(t.Context()); err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(testbed.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &Stack{
		Dir: testbed.Root(), Base: "http://localhost:" + port, Project: "tallygate-" + cfg.Version + "-" + port, compose: cfg.Compose,
	}
	if len(s.compose) == 0 {
		s.compose = newest(t)
	}
	s.Env = append(os.Environ(), "PORT="+port, "IMAGE_TAG="+cfg.Version, "VERSION="+cfg.Version, "COMMIT="+cfg.Version,
		"COMPOSE_PROJECT_NAME="+s.Project, "COMPOSE="+strings.Join(s.compose, " "))
	if cfg.Override != "" {
		s.override = filepath.Join(t.TempDir(), "override.yml")
		s.Env = append(s.Env, "COMPOSE_FILE="+filepath.Join(s.Dir, "docker-compose.yml")+string(filepath.ListSeparator)+s.override)
		s.Override(t, cfg.Override)
	}
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := s.Command("logs", "--tail=40", "--no-color").CombinedOutput()
			t.Logf("the containers' logs:\n%s", out)
		}
		s.Run(t, "down", "--volumes", "--remove-orphans")
	})
	return s
}

// Override replaces the further Compose file, for the next command. The stack must have been made with one.
func (s *Stack) Override(t testing.TB, text string) {
	t.Helper()
	if err := os.WriteFile(s.override, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
}

// Engine reports why no container engine answers, nil if one does.
func Engine(ctx context.Context) error {
	if out, err := exec.CommandContext(ctx, "docker", "info").CombinedOutput(); err != nil {
		return fmt.Errorf("no container engine: %w\n%s", err, out)
	}
	return nil
}

// newest is the newest Compose on this machine.
func newest(t testing.TB) []string {
	t.Helper()
	if exec.CommandContext(t.Context(), "docker", "compose", "version").Run() == nil {
		return []string{"docker", "compose"}
	}
	return []string{"docker-compose"}
}

// Command is a Compose command on the stack. It does not use the test's context, because the cleanup runs after that ends.
func (s *Stack) Command(args ...string) *exec.Cmd {
	args = append(append([]string{}, s.compose...), args...)
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = s.Dir, s.Env
	return cmd
}

// Run runs a Compose command and returns what it printed.
func (s *Stack) Run(t testing.TB, args ...string) string {
	t.Helper()
	out, err := s.Command(args...).CombinedOutput()
	if err != nil {
		t.Errorf("compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// Script runs the script behind `make up` and `make down`.
func (s *Stack) Script(t testing.TB, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.Dir, "deploy", "compose.sh"), command)
	cmd.Dir, cmd.Env = s.Dir, s.Env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("deploy/compose.sh %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// Containers are the ids of a service's running containers, or of all services' if service is empty.
func (s *Stack) Containers(t testing.TB, service string) []string {
	t.Helper()
	args := []string{"ps", "-q"}
	if service != "" {
		args = append(args, service)
	}
	out, err := s.Command(args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// Healthy waits until a service has count containers and all are healthy.
func (s *Stack) Healthy(t testing.TB, service string, count int) {
	t.Helper()
	testbed.Eventually(t, service+" to be healthy", func() error {
		ids := s.Containers(t, service)
		if len(ids) != count {
			return fmt.Errorf("%d containers, want %d", len(ids), count)
		}
		for _, id := range ids {
			if got := Docker(t, "inspect", "-f", "{{.State.Health.Status}}", id); got != "healthy" {
				return fmt.Errorf("%s is %s", id, got)
			}
		}
		return nil
	})
}

// Docker runs the engine's client and returns what it printed.
func Docker(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}
