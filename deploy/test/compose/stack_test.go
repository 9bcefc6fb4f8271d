//go:build e2e

package compose_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// stack is the shipped docker-compose.yml, with a project name and a port of its own.
type stack struct {
	compose []string
	env     []string
	dir     string
	base    string
}

// newStack prepares a stack. When the test ends, the stack and its volumes are removed.
func newStack(t *testing.T, compose ...string) *stack {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "docker", "info").CombinedOutput(); err != nil {
		t.Fatalf("no container engine: %v\n%s", err, out)
	}
	_, port, err := net.SplitHostPort(testbed.FreeAddress(t))
	if err != nil {
		t.Fatal(err)
	}
	s := &stack{compose: compose, dir: testbed.Root(), base: "http://localhost:" + port}
	s.env = append(os.Environ(), "PORT="+port, "VERSION=e2e", "COMMIT=e2e",
		"COMPOSE_PROJECT_NAME=tallygate-e2e-"+port, "COMPOSE="+strings.Join(compose, " "))
	t.Cleanup(func() {
		if t.Failed() {
			out, _ := s.command("logs", "--tail=40", "--no-color").CombinedOutput()
			t.Logf("the containers' logs:\n%s", out)
		}
		s.run(t, "down", "--volumes", "--remove-orphans")
	})
	return s
}

// command is a Compose command on the stack. It does not use the test's context, because the cleanup runs after that ends.
func (s *stack) command(args ...string) *exec.Cmd {
	args = append(append([]string{}, s.compose...), args...)
	cmd := exec.CommandContext(context.Background(), args[0], args[1:]...)
	cmd.Dir, cmd.Env = s.dir, s.env
	return cmd
}

// run runs a Compose command and returns what it printed.
func (s *stack) run(t *testing.T, args ...string) string {
	t.Helper()
	out, err := s.command(args...).CombinedOutput()
	if err != nil {
		t.Errorf("compose %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return string(out)
}

// script runs the script behind `make up` and `make down`.
func (s *stack) script(t *testing.T, command string) string {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.dir, "deploy", "compose.sh"), command)
	cmd.Dir, cmd.Env = s.dir, s.env
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("deploy/compose.sh %s: %v\n%s", command, err, out)
	}
	return string(out)
}

// containers are the ids of a service's running containers, or of all services' if service is empty.
func (s *stack) containers(t *testing.T, service string) []string {
	t.Helper()
	args := []string{"ps", "-q"}
	if service != "" {
		args = append(args, service)
	}
	out, err := s.command(args...).Output()
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(out))
}

// docker runs the engine's client.
func docker(t *testing.T, args ...string) string {
	t.Helper()
	out, err := exec.CommandContext(t.Context(), "docker", args...).CombinedOutput()
	if err != nil {
		t.Fatalf("docker %s: %v\n%s", strings.Join(args, " "), err, out)
	}
	return strings.TrimSpace(string(out))
}

// healthy waits until a service has count containers and all are healthy.
func (s *stack) healthy(t *testing.T, service string, count int) {
	t.Helper()
	testbed.Eventually(t, service+" to be healthy", func() error {
		ids := s.containers(t, service)
		if len(ids) != count {
			return fmt.Errorf("%d containers, want %d", len(ids), count)
		}
		for _, id := range ids {
			if got := docker(t, "inspect", "-f", "{{.State.Health.Status}}", id); got != "healthy" {
				return fmt.Errorf("%s is %s", id, got)
			}
		}
		return nil
	})
}

// signedIn registers a user and returns a client and the user's token.
func (s *stack) signedIn(t *testing.T, name string) (client *contract.Client, token string) {
	t.Helper()
	client = contract.NewClient(s.base)
	who := contract.Credentials{Username: name, Password: "123456"}
	if got, err := client.Register(who); err != nil || got.Status/100 != 2 {
		t.Fatalf("register %s: got %d %s (%v)", name, got.Status, got.Body, err)
	}
	return client, client.Token(t, who)
}
