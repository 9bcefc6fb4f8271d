package store_test

import (
	"database/sql"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/pressly/goose/v3"
)

// migrateTo makes a database as a version of before left it.
func migrateTo(t *testing.T, url string, version int64) {
	t.Helper()
	driver, dialect, folder := "sqlite", goose.DialectSQLite3, "sqlite"
	if strings.HasPrefix(url, "postgres") {
		driver, dialect, folder = "pgx", goose.DialectPostgres, "postgres"
	}
	pool, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer pool.Close() //nolint:errcheck // the migration has reported its errors
	files := os.DirFS(filepath.Join("migrations", folder))
	provider, err := goose.NewProvider(dialect, pool, files, goose.WithDisableGlobalRegistry(true))
	if err != nil {
		t.Fatal(err)
	}
	if _, err := provider.UpTo(t.Context(), version); err != nil {
		t.Fatal(err)
	}
}
