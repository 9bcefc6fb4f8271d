package store_test

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/store/pgtest"
)

// server is the one PostgreSQL of this test binary; nil where none can be had, which missing then explains.
var (
	server  *pgtest.Server
	missing error
)

func TestMain(m *testing.M) {
	server, missing = pgtest.Start(context.Background(), false)
	code := m.Run()
	if server != nil {
		if err := server.Stop(); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// onEachDatabase runs a test on SQLite and on PostgreSQL, each time on an empty database of its own.
func onEachDatabase(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	t.Run("sqlite", func(t *testing.T) {
		t.Parallel()
		test(t, "sqlite:"+filepath.Join(t.TempDir(), "test.db"))
	})
	t.Run("postgres", func(t *testing.T) {
		t.Parallel()
		needPostgres(t)
		test(t, server.NewDatabase(t.Context(), t))
	})
}

func needPostgres(t *testing.T) {
	t.Helper()
	switch {
	case missing == nil:
	case errors.Is(missing, pgtest.ErrMissing) && os.Getenv("CI") != "true":
		t.Skip("SKIPPED: " + missing.Error() + "; install postgresql to run this test on it")
	default:
		t.Fatal(missing)
	}
}

// open opens a store and closes it after the test. It is ready.
func open(t *testing.T, url string) *store.Store {
	t.Helper()
	db := openUnstarted(t, url)
	if err := db.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	return db
}

func openUnstarted(t *testing.T, url string) *store.Store {
	t.Helper()
	db, err := store.Open(store.Config{URL: url, MaxConns: 8, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	return db
}
