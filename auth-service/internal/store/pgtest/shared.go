//go:build unix

package pgtest

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"testing"

	"tallygate/kit/pgtest"
)

// Shared is the one server of a test binary. Its tests get databases of their own.
type Shared struct {
	server *Server
	err    error // why there is none
}

// Main runs the tests and returns the exit code.
func (s *Shared) Main(m *testing.M) int {
	s.server, s.err = start(context.Background(), false)
	code := m.Run()
	if s.server == nil {
		return code
	}
	if err := s.server.Stop(); err != nil {
		fmt.Fprintln(os.Stderr, err)
		return 1
	}
	return code
}

// NewDatabase makes an empty database and returns its address. Where PostgreSQL's programs are not installed the test is
// skipped; in CI that is a failure.
func (s *Shared) NewDatabase(t testing.TB) string {
	t.Helper()
	pgtest.Require(t, s.err)
	return s.server.NewDatabase(t.Context(), t)
}

// OnEach runs a test on SQLite and on PostgreSQL, each time on an empty database of its own.
func (s *Shared) OnEach(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, SQLite(t))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		test(t, s.NewDatabase(t))
	})
}

// SQLite is the address of an empty SQLite database.
func SQLite(t testing.TB) string {
	t.Helper()
	return "sqlite:" + filepath.Join(t.TempDir(), "test.db")
}
