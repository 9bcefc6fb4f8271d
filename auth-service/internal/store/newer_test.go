package store_test

import (
	"bytes"
	"database/sql"
	"log/slog"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/store"
)

// TestADatabaseOfANewerVersionIsTold: an older auth-service serves, as in the middle of an upgrade, and says so.
func TestADatabaseOfANewerVersionIsTold(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		start := func() string {
			var log bytes.Buffer
			db, err := store.Open(store.Config{URL: url, MaxConns: 4, Timeout: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
			if err != nil {
				t.Fatal(err)
			}
			defer db.Close() //nolint:errcheck // nothing was written
			if err := db.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			return log.String()
		}
		if log := start(); strings.Contains(log, "newer") {
			t.Errorf("the database is as new as the program: %s", log)
		}
		driver := "sqlite"
		if strings.HasPrefix(url, "postgres") {
			driver = "pgx"
		}
		pool, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer pool.Close() //nolint:errcheck // the statement has reported its error
		if _, err := pool.ExecContext(t.Context(), "insert into goose_db_version (version_id, is_applied) values (99999, true)"); err != nil {
			t.Fatal(err)
		}
		if log := start(); !strings.Contains(log, "level=WARN") || !strings.Contains(log, "a newer auth-service has migrated the database") || !strings.Contains(log, "schema=99999") {
			t.Errorf("got %q, want a warning", log)
		}
	})
}
