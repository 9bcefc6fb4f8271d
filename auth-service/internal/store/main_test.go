package store_test

import (
	"context"
	"errors"
	"log/slog"
	"os"
	"testing"
	"time"

	"tallygate/auth-service/internal/store"
	"tallygate/auth-service/internal/store/pgtest"
)

// shared has the databases of this test binary.
var shared = pgtest.Shared{Prepare: migrate}

func TestMain(m *testing.M) { os.Exit(shared.Main(m)) }

// migrate brings the schema of a database up to date.
func migrate(ctx context.Context, url string) error {
	db, err := store.Open(store.Config{URL: url, MaxConns: 1, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		return err
	}
	return errors.Join(db.Start(ctx), db.Close())
}

// onEachDatabase runs a test on SQLite and on PostgreSQL, each time on a migrated database of its own.
func onEachDatabase(t *testing.T, test func(t *testing.T, url string)) {
	t.Helper()
	shared.OnEach(t, test)
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
