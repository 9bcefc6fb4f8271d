package systemtest_test

import (
	"context"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// postgres starts a PostgreSQL server of the test's own and returns its address, or skips the test.
func postgres(t *testing.T) string {
	t.Helper()
	programs := postgresPrograms()
	if programs == "" {
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
	data := filepath.Join(dir, "data")
	owner := serverUser(t, dir)
	command := func(name string, args ...string) *exec.Cmd {
		cmd := exec.CommandContext(context.WithoutCancel(t.Context()), filepath.Join(programs, name), args...)
		cmd.Dir = dir
		cmd.SysProcAttr = owner
		return cmd
	}
	if out, err := command("initdb", "-D", data, "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync").CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	server := command("postgres", "-D", data, "-k", dir, "-c", "listen_addresses=", "-c", "fsync=off",
		"-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	var said strings.Builder
	server.Stdout, server.Stderr = &said, &said
	if err := server.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := server.Process.Signal(syscall.SIGQUIT); err != nil {
			t.Error(err)
		}
		_ = server.Wait() // its exit code after SIGQUIT says nothing
	})
	// auth-service waits for its database, so this test need not.
	return "postgres://postgres@/postgres?host=" + dir + "&sslmode=disable"
}

// postgresPrograms is the folder of the newest server programs: on PATH, or where Debian and Ubuntu keep them.
func postgresPrograms() string {
	if initdb, err := exec.LookPath("initdb"); err == nil {
		if target, err := filepath.EvalSymlinks(initdb); err == nil {
			initdb = target
		}
		if _, err := os.Stat(filepath.Join(filepath.Dir(initdb), "postgres")); err == nil {
			return filepath.Dir(initdb)
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/postgres")
	if err != nil || len(found) == 0 {
		return ""
	}
	return filepath.Dir(found[len(found)-1])
}
