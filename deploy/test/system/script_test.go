package system_test

import (
	"bytes"
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// exampleScript is a program of docs/examples.
type exampleScript struct {
	name  string
	probe []string // succeeds where the script can run
	start []string
	needs string
}

// eachScript runs a test with every script that this machine can run.
func eachScript(t *testing.T, scripts []exampleScript, test func(*testing.T, exampleScript)) {
	t.Helper()
	for _, s := range scripts {
		t.Run(s.name, func(t *testing.T) {
			t.Parallel()
			if err := exec.CommandContext(t.Context(), s.probe[0], s.probe[1:]...).Run(); err != nil {
				t.Skipf("install %s to run the script in %s: %v", s.needs, s.name, err)
			}
			test(t, s)
		})
	}
}

// run runs the script in a folder of docs/examples, with a secret in its environment, and returns what it has printed.
func (s exampleScript) run(t *testing.T, folder, secret string, args ...string) (out, errs string, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience)
	defer cancel()
	cmd := exec.CommandContext(ctx, s.start[0], append(s.start[1:len(s.start):len(s.start)], args...)...)
	cmd.Dir = filepath.Join(testbed.Root(), "docs/examples", folder)
	cmd.Env = append(os.Environ(), secret, "GOWORK=off")
	var stdout, stderr bytes.Buffer
	cmd.Stdout, cmd.Stderr = &stdout, &stderr
	err = cmd.Run()
	return stdout.String(), stderr.String(), err
}
