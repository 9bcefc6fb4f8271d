package compose_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// TestWhatGoesWrongIsOneSentence runs the script behind `make up` with stand-ins for docker and Compose, which fail as the
// real programs do.
func TestWhatGoesWrongIsOneSentence(t *testing.T) {
	t.Parallel()
	if _, err := exec.LookPath("bash"); err != nil {
		t.Skip("no bash, which deploy/compose.sh needs: install bash")
	}
	const (
		works     = "#!/bin/sh\nexit 0\n"
		noPlugin  = "#!/bin/sh\n[ \"$1\" != compose ]\n"
		noEngine  = "#!/bin/sh\n[ \"$1\" != info ]\n"
		old       = "#!/bin/sh\necho 1.25.5\n"
		taken     = "#!/bin/sh\n[ \"$1\" = version ] && exit 0\necho 'Bind for 0.0.0.0:8000 failed: port is already allocated' >&2\nexit 1\n"
		noSecrets = "#!/bin/sh\n[ \"$1\" = version ] && exit 0\necho 'dependency failed to start' >&2\nexit 1\n"
		// responds with the container that makes secrets, its exit code and its log
		secretsEngine = "#!/bin/sh\ncase $1 in ps) echo c1;; inspect) echo 1;; logs) echo 'auth-service: SECRETS_DIR=own has no file jwt_secret: write it there';; compose) exit 1;; esac\n"
	)
	tests := []struct {
		name     string
		programs map[string]string
		env      []string
		want     string
	}{
		{"no docker", nil, nil, "docker is not installed: install Docker"},
		{"no Compose", map[string]string{"docker": noPlugin}, nil, "Compose is not installed: install the Compose plugin"},
		{"an old Compose", map[string]string{"docker": noPlugin, "docker-compose": old}, nil, "Compose 1.25.5 is too old for docker-compose.yml: install"},
		{"no engine", map[string]string{"docker": noEngine}, nil, "the Docker engine does not answer: start it"},
		{"a port that is none", map[string]string{"docker": works}, []string{"PORT=http"}, "PORT=http is no port: choose"},
		{"a taken port", map[string]string{"docker": noPlugin, "docker-compose": taken}, nil, "port 8000 is taken by another program: stop that program, or choose"},
		{"no folder of secrets", map[string]string{"docker": works}, []string{"SECRETS_DIR=/none"}, "SECRETS_DIR=/none is no folder: make it"},
		{"a missing secret", map[string]string{"docker": secretsEngine, "docker-compose": noSecrets}, nil, "SECRETS_DIR=own has no file jwt_secret: write it there"},
	}
	for _, test := range tests {
		t.Run(test.name, func(t *testing.T) {
			t.Parallel()
			bin := t.TempDir()
			for name, script := range test.programs {
				if err := os.WriteFile(filepath.Join(bin, name), []byte(script), 0o700); err != nil {
					t.Fatal(err)
				}
			}
			for _, name := range []string{"bash", "sh", "cat", "grep", "sed", "tail", "tr", "dirname", "basename", "mktemp", "tee", "rm", "git", "seq"} {
				if path, err := exec.LookPath(name); err == nil {
					if err := os.Symlink(path, filepath.Join(bin, name)); err != nil {
						t.Fatal(err)
					}
				}
			}
			cmd := exec.CommandContext(t.Context(), filepath.Join(bin, "bash"), filepath.Join(testbed.Root(), "deploy", "compose.sh"), "up")
			cmd.Env = append([]string{"PATH=" + bin}, test.env...)
			out, err := cmd.CombinedOutput()
			if err == nil {
				t.Fatalf("got no failure: %s", out)
			}
			lines := strings.Split(strings.TrimSpace(string(out)), "\n")
			if got := lines[len(lines)-1]; !strings.HasPrefix(got, "deploy/compose.sh: "+test.want) {
				t.Errorf("got %q as the last line, want %q", got, test.want)
			}
		})
	}
}
