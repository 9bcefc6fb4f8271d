package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"path/filepath"

	"github.com/pressly/goose/v3"
	gormsqlite "gorm.io/driver/sqlite"
	"gorm.io/gorm"
	"modernc.org/sqlite"
	sqlite3 "modernc.org/sqlite/lib"

	"tallygate/auth-service/internal/store/pgconnect"
)

// sqliteOptions are the options of every connection. The write-ahead log is synced at every commit, because an
// acknowledged write has to survive a power cut. A transaction takes the write lock at its start, because one that reads
// first and writes later cannot wait for it. Times are stored as microseconds since 1970. What is deleted is overwritten with
// zeros: otherwise names of erased persons would stand in the file until their place is needed.
func sqliteOptions() url.Values {
	return url.Values{
		"_pragma": {
			"busy_timeout(5000)", "journal_mode(WAL)", "synchronous(FULL)", "foreign_keys(1)", "secure_delete(1)",
		},
		"_txlock":              {"immediate"},
		"_time_integer_format": {"unix_micro"},
		"_inttotime":           {"1"},
	}
}

// sqliteAddress is the address of a file for the driver.
func sqliteAddress(path string, options url.Values) string {
	file := url.URL{Scheme: "file", Opaque: (&url.URL{Path: path}).EscapedPath(), RawQuery: options.Encode()}
	return file.String()
}

func openSQLite(path string) (engine, error) {
	if path == "" || path == ":memory:" {
		return engine{}, errNoFile
	}
	// Only this user may read the database.
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return engine{}, fmt.Errorf("folder of the database: %w", err)
	}
	if err := errors.Join(foreignLog(path), useTempFolder(path)); err != nil {
		return engine{}, err
	}
	// SQLite gives the files beside it the same mode.
	own, err := os.OpenFile(path, os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return engine{}, fmt.Errorf("file of the database: %w", err)
	}
	if err := own.Close(); err != nil {
		return engine{}, fmt.Errorf("file of the database: %w", err)
	}
	return sqliteEngine(path, sqliteOptions()), nil
}

// sqliteEngine is the engine over a file.
func sqliteEngine(path string, options url.Values) engine {
	connect := func() (*sql.DB, gorm.Dialector, error) {
		pool, err := sql.Open("sqlite", sqliteAddress(path, options))
		if err != nil {
			return nil, nil, fmt.Errorf("open database: %w", err)
		}
		return pool, &sqliteDialector{gormsqlite.Dialector{Conn: pool}}, nil
	}
	return engine{
		name: "sqlite", system: "sqlite", names: sqliteNames{}, connect: connect,
		migrate: migrateSQLite, outage: sqliteOutage, unreachable: func(error) bool { return false }, slow: sqliteSlow,
		retryable: sqliteBusy, bulk: sqliteBulk{}, ids: sqliteIDs{},
		cause: sqliteCause, doubt: func() {},
		probe:     func(ctx context.Context, pool *sql.DB, _ bool) error { return pool.PingContext(ctx) },
		oneWriter: true, overwrite: emptySQLiteLog, size: sqliteSize(path),
	}
}

// emptySQLiteLog writes the write-ahead log into the file and cuts it to nothing. Pages as they were before a deletion stand in
// it, and would until it grows over them again. It waits half a second for those who read them.
func emptySQLiteLog(ctx context.Context, pool *sql.DB) (done bool, err error) {
	conn, err := pool.Conn(ctx)
	if err != nil {
		return false, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	if _, err := conn.ExecContext(ctx, "pragma busy_timeout = 500"); err != nil {
		return false, err
	}
	defer func() {
		_, restored := conn.ExecContext(context.WithoutCancel(ctx), "pragma busy_timeout = 5000")
		err = errors.Join(err, restored)
	}()
	var busy, frames, written int
	err = conn.QueryRowContext(ctx, "pragma wal_checkpoint(truncate)").Scan(&busy, &frames, &written)
	return busy == 0, err
}

// migrateAttempts is how often a migration is tried while another process migrates the same file. SQLite has no lock that
// outlives a transaction.
const migrateAttempts = 5

func migrateSQLite(ctx context.Context, pool *sql.DB, log *slog.Logger) (err error) {
	for range migrateAttempts {
		if err = migrate(ctx, goose.DialectSQLite3, pool, log); err == nil {
			return nil
		}
	}
	return err
}

// sqliteDialector is gorm's SQLite dialect over an engine without cgo. gorm does not know that engine's errors.
type sqliteDialector struct {
	gormsqlite.Dialector
}

// Translate returns gorm's error for an error that gorm has one for.
func (*sqliteDialector) Translate(err error) error {
	refusal, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return err
	}
	switch refusal.Code() {
	case sqlite3.SQLITE_CONSTRAINT_UNIQUE, sqlite3.SQLITE_CONSTRAINT_PRIMARYKEY:
		return gorm.ErrDuplicatedKey
	case sqlite3.SQLITE_CONSTRAINT_FOREIGNKEY:
		return gorm.ErrForeignKeyViolated
	}
	return err
}

// sqliteOutage reports whether the file is locked, missing or not writable, or the disk is full or broken.
func sqliteOutage(err error) bool {
	refusal, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	switch refusal.Code() & 0xff {
	case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED, sqlite3.SQLITE_READONLY, sqlite3.SQLITE_IOERR,
		sqlite3.SQLITE_FULL, sqlite3.SQLITE_CANTOPEN:
		return true
	}
	return false
}

// sqliteCause says what the operator has to look at.
func sqliteCause(err error) string {
	if refusal, ok := errors.AsType[*sqlite.Error](err); ok {
		switch refusal.Code() & 0xff {
		case sqlite3.SQLITE_FULL:
			return pgconnect.DiskFull
		case sqlite3.SQLITE_READONLY:
			return "the file or its folder cannot be written"
		case sqlite3.SQLITE_CANTOPEN:
			return "the file or its folder cannot be opened"
		case sqlite3.SQLITE_IOERR:
			return "the file cannot be read or written"
		case sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED:
			return "another process holds the file"
		}
	}
	if errors.Is(err, context.DeadlineExceeded) {
		return "the file was not free in time"
	}
	return "the database failed"
}

// sqliteSlow knows that another process holds the lock, and that the time of a statement was over.
func sqliteSlow(err error) bool {
	refusal, ok := errors.AsType[*sqlite.Error](err)
	if !ok {
		return false
	}
	code := refusal.Code() & 0xff
	return code == sqlite3.SQLITE_BUSY || code == sqlite3.SQLITE_LOCKED || code == sqlite3.SQLITE_INTERRUPT
}

func sqliteBusy(err error) bool {
	refusal, ok := errors.AsType[*sqlite.Error](err)
	return ok && refusal.Code()&0xff == sqlite3.SQLITE_BUSY
}
