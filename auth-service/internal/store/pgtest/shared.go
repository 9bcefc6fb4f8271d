//go:build unix

package pgtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"tallygate/kit/pgtest"
)

// template is the PostgreSQL database that Shared copies.
const template = "template_of_tests"

// Shared gives each test of a test binary a database of its own. They are copies of one that is prepared once, which is
// much quicker than to prepare each. All PostgreSQL databases are on one server.
type Shared struct {
	// Prepare fills the empty database at url. nil leaves it empty.
	Prepare func(ctx context.Context, url string) error

	server *Server
	err    error  // why there is no server
	dir    string // of the SQLite file that is copied

	bouncing   sync.Once
	bouncer    *exec.Cmd // a PgBouncer in front of server, if a test has asked for it
	bouncerErr error     // why there is none
}

// Main runs the tests and returns the exit code.
func (s *Shared) Main(m *testing.M) int {
	if err := s.start(context.Background()); err != nil {
		fmt.Fprintln(os.Stderr, errors.Join(err, s.stop()))
		return 1
	}
	code := m.Run()
	if err := s.stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// start prepares the databases that are copied.
func (s *Shared) start(ctx context.Context) (err error) {
	if s.Prepare == nil {
		s.Prepare = func(context.Context, string) error { return nil }
	}
	if s.dir, err = os.MkdirTemp("", "pgtest"); err != nil {
		return err
	}
	if err := s.Prepare(ctx, "sqlite:"+s.sqliteTemplate()); err != nil {
		return fmt.Errorf("prepare SQLite: %w", err)
	}
	if s.server, s.err = start(ctx, false); s.server == nil {
		return nil // the tests that need it report s.err
	}
	if err := s.server.create(ctx, template, ""); err != nil {
		return err
	}
	if err := s.Prepare(ctx, s.server.URL(template)); err != nil {
		return fmt.Errorf("prepare PostgreSQL: %w", err)
	}
	return nil
}

func (s *Shared) stop() error {
	err := errors.Join(os.RemoveAll(s.dir), stopBouncer(s.bouncer))
	if s.server != nil {
		err = errors.Join(err, s.server.Stop())
	}
	return err
}

func (s *Shared) sqliteTemplate() string { return filepath.Join(s.dir, "template.db") }

// Postgres makes a prepared PostgreSQL database and returns its address. Where PostgreSQL's programs are not installed
// the test is skipped; in CI that is a failure. With PGTEST_POOLER=pgbouncer the database is behind a PgBouncer.
func (s *Shared) Postgres(t testing.TB) string {
	t.Helper()
	pgtest.Require(t, s.err)
	url := s.server.newDatabase(t.Context(), t, template)
	if os.Getenv("PGTEST_POOLER") == "pgbouncer" {
		return s.Bounced(t, url)
	}
	return url
}

// SQLite makes a prepared SQLite database and returns its address.
func (s *Shared) SQLite(t testing.TB) string {
	t.Helper()
	prepared, err := os.ReadFile(s.sqliteTemplate())
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(t.TempDir(), "test.db")
	if err := os.WriteFile(path, prepared, 0o600); err != nil {
		t.Fatal(err)
	}
	return "sqlite:" + path
}

// Copy copies a database that nobody is connected to, as a back-up does, and returns the address of the copy.
func (s *Shared) Copy(t testing.TB, url string) string {
	t.Helper()
	if path, ok := strings.CutPrefix(url, "sqlite:"); ok {
		content, err := os.ReadFile(path)
		copied := filepath.Join(t.TempDir(), "copy.db")
		if err = errors.Join(err, os.WriteFile(copied, content, 0o600)); err != nil {
			t.Fatal(err)
		}
		return "sqlite:" + copied
	}
	name, _, _ := strings.Cut(strings.TrimPrefix(url, "postgres:///"), "?")
	return s.server.newDatabase(t.Context(), t, name)
}

// OnEach runs a test on SQLite and on PostgreSQL, each time on a prepared database of its own.
func (s *Shared) OnEach(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	onEach(t, test, s.SQLite, s.Postgres)
}

// EmptyPostgres makes an empty PostgreSQL database and returns its address. Where PostgreSQL's programs are not installed the test
// is skipped; in CI that is a failure.
func (s *Shared) EmptyPostgres(t testing.TB) string {
	t.Helper()
	pgtest.Require(t, s.err)
	return s.server.NewDatabase(t.Context(), t)
}

// OnEachEmpty is OnEach with empty databases.
func (s *Shared) OnEachEmpty(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	onEach(t, test, SQLite, s.EmptyPostgres)
}

func onEach(t *testing.T, test func(t *testing.T, url string), sqlite, postgres func(testing.TB) string) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, sqlite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, postgres(t))
	})
}

// SQLite is the address of an empty SQLite database.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}
