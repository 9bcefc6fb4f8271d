package cluster

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
)

// StartPostgres starts a server that ends with the test, set up as durable as one in production, and returns its address.
// Without PostgreSQL's programs on this machine the test is skipped, in CI it fails.
func StartPostgres(t testing.TB) (*Process, string) {
	t.Helper()
	programs := postgresPrograms()
	if programs == "" {
		if os.Getenv("CI") == "true" {
			t.Fatal("no PostgreSQL server programs")
		}
		t.Skip("no PostgreSQL server programs: install postgresql")
	}
	dir, err := os.MkdirTemp("", "tallygate") //nolint:usetesting // t.TempDir lies in a folder that the server's user may not enter
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(dir); err != nil {
			t.Error(err)
		}
	})
	owner, err := serverUser(dir)
	if err != nil {
		t.Fatal(err)
	}
	data := filepath.Join(dir, "data")
	initdb := exec.CommandContext(t.Context(), filepath.Join(programs, "initdb"), "-D", data, "-U", "postgres", "-A", "trust",
		"-E", "UTF8", "--no-locale", "--no-sync")
	initdb.Dir, initdb.SysProcAttr = dir, owner
	if out, err := initdb.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p := newProcess(t, "postgres", func() *exec.Cmd {
		cmd := exec.Command(filepath.Join(programs, "postgres"), "-D", data, "-k", dir,
			"-c", "listen_addresses=", "-c", "max_connections=200")
		cmd.Dir = dir
		if owner != nil {
			attr := *owner
			cmd.SysProcAttr = &attr
		}
		return cmd
	})
	// After kill -9 the server's children end a moment later than it, and a new one refuses to start until then.
	p.relaunch = true
	p.ready = func(ctx context.Context) error {
		out, err := exec.CommandContext(ctx, filepath.Join(programs, "pg_isready"), "-h", dir, "-U", "postgres").CombinedOutput()
		if err != nil {
			return fmt.Errorf("pg_isready: %w: %s", err, out)
		}
		return nil
	}
	if err := p.Start(); err != nil {
		t.Fatal(err)
	}
	if err := p.Ready(t.Context()); err != nil {
		t.Fatal(err)
	}
	return p, "postgres://postgres@/postgres?host=" + dir + "&sslmode=disable"
}

// postgresPrograms is the folder of the server programs: on PATH, or where Debian and Ubuntu keep them.
func postgresPrograms() string {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(initdb); err == nil {
			return filepath.Dir(target)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}
