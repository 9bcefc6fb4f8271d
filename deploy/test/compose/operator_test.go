//go:build e2e

package compose_test

import (
	"errors"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/contract"
	"tallygate/deploy/internal/testbed"
)

// TestOperator does the other things that operators do: an older Compose, several auth-services on an empty database,
// secrets of their own, and mistakes.
func TestOperator(t *testing.T) { //nolint:paralleltest // the steps share the machine's two cores with TestStack
	var compose []string // the newest
	if path, err := exec.LookPath("docker-compose"); err == nil {
		compose = []string{path}
	}
	s := newProduct(t, compose...)
	s.Run(t, "build", "auth-service")
	own := filepath.Join(t.TempDir(), "secrets")

	s.fails(t, []string{"SECRETS_DIR=" + own}, "SECRETS_DIR="+own+" is no folder: make it")
	if err := os.Mkdir(own, 0o700); err != nil {
		t.Fatal(err)
	}
	write := func(name, secret string) {
		if err := os.WriteFile(filepath.Join(own, name), []byte(secret), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	const first, second = "0f2ad49c7e1b3685a0f2ad49c7e1b368", "b41c9d7702e86fa5b41c9d7702e86fa5"
	const internal = "7d03e5a9c61f482b7d03e5a9c61f482b" // for one purpose alone
	write("jwt_secret", "too-little")
	write("internal_secret", internal)
	s.fails(t, []string{"SECRETS_DIR=" + own},
		"jwt_secret is 10 bytes long", "has no file database_password: write the secret there")
	write("jwt_secret", first)
	write("database_password", "a password, with @ and / in it")
	s.Env = append(s.Env, "SECRETS_DIR="+own)

	taken, err := new(net.ListenConfig).Listen(t.Context(), "tcp", "0.0.0.0:0")
	if err != nil {
		t.Fatal(err)
	}
	_, port, err := net.SplitHostPort(taken.Addr().String())
	if err != nil {
		t.Fatal(err)
	}
	s.fails(t, []string{"PORT=" + port}, "port "+port+" is taken by another program: stop that program")
	taken.Close()
	s.Run(t, "down", "--volumes")

	t.Run("four auth-services may start at once on an empty database", func(t *testing.T) {
		s.Run(t, "up", "-d", "--scale", "auth-service=4")
		s.Healthy(t, "auth-service", 4)
		s.Healthy(t, "gateway", 1)
		contract.Check(t, s.Base, "operator")
	})
	t.Run("a secret is rotated and nobody is signed out", func(t *testing.T) {
		client, before := s.signedIn(t, "rotated")
		s.share(t, write, first, second) // accepted everywhere
		s.share(t, write, second, first) // signs
		var after string
		testbed.Eventually(t, "the new secret to sign", func() error {
			after = client.Token(t, contract.Credentials{Username: "rotated", Password: "123456"})
			if keyID(after) == keyID(before) {
				return errors.New("tokens are signed with the old secret")
			}
			return nil
		})
		for what, token := range map[string]string{"old": before, "new": after} {
			if got, err := client.Root(token, "9", "0.5"); err != nil || got.Status != http.StatusOK {
				t.Errorf("the %s token: got %d %s (%v), want 200", what, got.Status, got.Body, err)
			}
		}
	})
}

// fails runs `make up` with wrong settings. The last lines of its output have to contain the sentences, one each.
func (s *product) fails(t *testing.T, settings []string, sentences ...string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), filepath.Join(s.Dir, "deploy", "compose.sh"), "up")
	cmd.Dir, cmd.Env = s.Dir, append(append([]string{}, s.Env...), settings...)
	out, err := cmd.CombinedOutput()
	if err == nil {
		t.Errorf("with %s: got no failure:\n%s", settings, out)
	}
	lines := strings.Split(strings.TrimSpace(string(out)), "\n")
	if len(lines) < len(sentences) {
		t.Fatalf("with %s: got\n%s", settings, out)
	}
	for i, line := range lines[len(lines)-len(sentences):] {
		if !strings.Contains(line, sentences[i]) {
			t.Errorf("with %s: got %q, want %q in it", settings, line, sentences[i])
		}
	}
}

// keyID is a token's header. It has the id of the key that signed the token.
func keyID(token string) string {
	header, _, _ := strings.Cut(token, ".")
	return header
}

// share writes the operator's secrets and runs the container that copies them to the services.
func (s *product) share(t *testing.T, write func(name, secret string), signing, other string) {
	t.Helper()
	write("jwt_secret", signing)
	write("jwt_other_secrets", other)
	s.Run(t, "up", "-d", "--no-recreate", "--scale", "auth-service=4")
}
