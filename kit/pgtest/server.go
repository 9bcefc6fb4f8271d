// Package pgtest prepares throwaway PostgreSQL servers for tests, from the programs of this machine.
//
// It knows the programs, the data folder and the socket in it. It does not start or end the server: the caller's tests
// decide when it runs, stops or is killed.
package pgtest

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
)

// ErrMissing means that this machine has no PostgreSQL server programs.
var ErrMissing = errors.New("PostgreSQL's server programs (initdb, postgres) are not installed")

// Server is a data folder and the command that serves it.
type Server struct {
	dir, programs string
	owner         *syscall.SysProcAttr
	durable       bool
}

// New makes an empty data folder. If durable, the server syncs to disk as a real one does, otherwise it never does. The
// error is ErrMissing if this machine has no programs for it.
func New(ctx context.Context, durable bool) (*Server, error) {
	return prepare(durable, func(s *Server) error {
		return s.run(ctx, "initdb", "-D", filepath.Join(s.dir, "data"), "-U", "postgres", "-A", "trust", "-E", "UTF8", "--no-locale", "--no-sync")
	})
}

// Standby copies the data folder of s, which has to be running, into one of a streaming standby.
func (s *Server) Standby(ctx context.Context) (*Server, error) {
	return prepare(s.durable, func(standby *Server) error {
		return standby.run(ctx, "pg_basebackup", "-h", s.dir, "-U", "postgres", "-D", filepath.Join(standby.dir, "data"),
			"--write-recovery-conf", "--checkpoint=fast", "--no-sync")
	})
}

// prepare makes a folder and has it filled.
func prepare(durable bool, fill func(*Server) error) (*Server, error) {
	programs, err := findPrograms()
	if err != nil {
		return nil, err
	}
	// Not the test's own folder: another user has to get into it, and a socket's path must be short.
	dir, err := os.MkdirTemp("", "pgtest")
	if err != nil {
		return nil, err
	}
	s := &Server{dir: dir, programs: programs, durable: durable}
	if s.owner, err = serverUser(s.dir); err == nil {
		err = fill(s)
	}
	if err != nil {
		return nil, errors.Join(err, s.Remove())
	}
	return s, nil
}

// run runs a program of PostgreSQL as the server's user.
func (s *Server) run(ctx context.Context, program string, args ...string) error {
	cmd := exec.CommandContext(ctx, filepath.Join(s.programs, program), args...)
	cmd.Dir, cmd.SysProcAttr = s.dir, s.owner
	if out, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%s: %w: %s", program, err, out)
	}
	return nil
}

// Promote makes a standby, which has to be running, a primary. It returns when writes are possible.
func (s *Server) Promote(ctx context.Context) error {
	return s.run(ctx, "pg_ctl", "promote", "-w", "-D", filepath.Join(s.dir, "data"))
}

// Socket is the path of the socket that the server listens on.
func (s *Server) Socket() string { return filepath.Join(s.dir, ".s.PGSQL.5432") }

// Command is a server process that has not been started. After a kill the next process may end at once, because the
// children of the killed one live for a moment longer. Start another until Ready returns nil.
func (s *Server) Command() *exec.Cmd {
	args := []string{"-D", filepath.Join(s.dir, "data"), "-k", s.dir, "-c", "listen_addresses=", "-c", "max_connections=200"}
	if !s.durable {
		args = append(args, "-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off")
	}
	cmd := exec.Command(filepath.Join(s.programs, "postgres"), args...)
	cmd.Dir = s.dir
	if s.owner != nil {
		attr := *s.owner // callers may add to it
		cmd.SysProcAttr = &attr
	}
	return cmd
}

// Ready returns nil if the server accepts connections.
func (s *Server) Ready(ctx context.Context) error {
	out, err := exec.CommandContext(ctx, filepath.Join(s.programs, "pg_isready"), "-h", s.dir, "-U", "postgres").CombinedOutput()
	if err != nil {
		return fmt.Errorf("pg_isready: %w: %s", err, out)
	}
	return nil
}

// URL is the address of a database; the one named postgres is always there.
func (s *Server) URL(database string) string {
	query := url.Values{"host": {s.dir}, "user": {"postgres"}, "sslmode": {"disable"}}
	return "postgres:///" + database + "?" + query.Encode()
}

// Remove removes the data folder. The server has to have ended.
func (s *Server) Remove() error { return os.RemoveAll(s.dir) }

// Require ends a test that got an error from New: it is skipped where the programs are not installed, and fails in CI
// and after any other error.
func Require(t testing.TB, err error) {
	t.Helper()
	switch {
	case err == nil:
	case errors.Is(err, ErrMissing) && os.Getenv("CI") != "true":
		t.Skip("SKIPPED: " + err.Error() + "; install postgresql to run this test on it")
	case errors.Is(err, ErrNoBouncer) && os.Getenv("CI") != "true":
		t.Skip("SKIPPED: " + err.Error() + "; install pgbouncer to run this test behind it")
	default:
		t.Fatal(err)
	}
}

// findPrograms is the folder of the server programs: on PATH, or where Debian and its derivatives keep them.
func findPrograms() (string, error) {
	if path, err := exec.LookPath("initdb"); err == nil {
		if path, err = filepath.EvalSymlinks(path); err == nil {
			return filepath.Dir(path), nil
		}
	}
	found, err := filepath.Glob("/usr/lib/postgresql/*/bin/initdb")
	if err != nil || len(found) == 0 {
		return "", ErrMissing
	}
	return filepath.Dir(found[len(found)-1]), nil
}
