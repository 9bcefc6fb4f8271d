package described_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/cluster"
	"tallygate/deploy/internal/testbed"
)

// TestAGeneratedClientSignsInAndReadsUsage generates a client in Go from what the gateway serves at /openapi.json, and runs
// docs/examples/goclient with it.
func TestAGeneratedClientSignsInAndReadsUsage(t *testing.T) {
	t.Parallel()
	c := cluster.Start(t, cluster.Config{Auth: cluster.CheapPasswords()})
	base := c.Gateways[0].URL
	d := newDriver(t, base)
	d.register(t, "ada")
	folder := filepath.Join(t.TempDir(), "client")
	if err := os.CopyFS(folder, os.DirFS(filepath.Join(testbed.Root(), "docs/examples/goclient"))); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(folder, "openapi.json"), []byte(get(t, base+"/openapi.json").body), 0o600); err != nil {
		t.Fatal(err)
	}
	command(t, folder, nil, tool(t, "oapi-codegen"), "-config", "oapi-codegen.yaml", "openapi.json")
	command(t, folder, nil, "go", "build", "-o", "client", ".")
	client := filepath.Join(folder, "client")
	right := []string{"TALLYGATE_PASSWORD=" + password}
	if got := command(t, folder, right, client, base, "ada"); !strings.HasPrefix(got, "root 3\nrequests ") {
		t.Errorf("got %q", got)
	}
	testbed.Eventually(t, "the calls in the usage", func() error {
		if got := command(t, folder, right, client, base, "ada"); strings.HasSuffix(got, "requests 0\n") {
			return errors.New(got)
		}
		return nil
	})
	cmd := exec.CommandContext(t.Context(), client, base, "ada")
	cmd.Env = append(os.Environ(), "TALLYGATE_PASSWORD=wrong")
	if out, err := cmd.CombinedOutput(); err == nil || !strings.Contains(string(out), "The user name or the password is wrong.") {
		t.Errorf("a wrong password: got %q, %v", out, err)
	}
}

// tool is the path of a program of deploy/tools, which is built if it is not there.
func tool(t *testing.T, name string) string {
	t.Helper()
	command(t, testbed.Root(), nil, "make", "-s", "bin/tools/"+name)
	return filepath.Join(testbed.Root(), "bin/tools", name)
}

// command runs a program that has to succeed, and returns what it prints.
func command(t *testing.T, folder string, environ []string, program string, args ...string) string {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), testbed.Patience*5)
	defer cancel()
	cmd := exec.CommandContext(ctx, program, args...)
	cmd.Dir, cmd.Env = folder, append(append(os.Environ(), "GOWORK=off", "GOFLAGS=", "CGO_ENABLED=0"), environ...)
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s %v: %v\n%s", program, args, err, out)
	}
	return string(out)
}
