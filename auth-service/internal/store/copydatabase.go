package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/stdlib"

	"tallygate/auth-service/internal/store/dbcopy"
)

// CopyDatabase copies the SQLite database at path into the PostgreSQL database at target, and compares the two. Nobody else may
// use the database at path meanwhile. If it was broken off before, it goes on. Errors: ErrInUse, and those of dbcopy.Copy.
func CopyDatabase(ctx context.Context, path, target string, tell func(dbcopy.Progress)) (r dbcopy.Result, err error) {
	if info, err := os.Stat(path); err != nil || info.Size() == 0 {
		return r, errors.Join(fmt.Errorf("there is no database at %s", path), err)
	}
	if err := errors.Join(foreignLog(path), hasHeader(path), useTempFolder(path)); err != nil {
		return r, err
	}
	if !strings.HasPrefix(target, "postgres") {
		return r, errors.New("the target is not postgres://…")
	}
	to, err := openEngine(target)
	if err != nil {
		return r, fmt.Errorf("the target: %w", err)
	}
	source, err := sql.Open("sqlite", sqliteAddress(path, url.Values{
		"mode": {"rw"}, "_pragma": {"locking_mode(EXCLUSIVE)", "busy_timeout(0)"},
	}))
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, source.Close()) }()
	conn, state, err := holdSource(ctx, source, path)
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, conn.Close()) }()
	pool, _, err := to.connect()
	if err != nil {
		return r, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	there, err := pool.Conn(ctx)
	if err != nil {
		return r, fmt.Errorf("the target: %w", err)
	}
	defer func() { err = errors.Join(err, there.Close()) }()
	err = there.Raw(func(driver any) error {
		r, err = dbcopy.Copy(ctx, dbcopy.Config{
			Source: conn, Target: driver.(*stdlib.Conn).Conn(), State: state, Tell: tell, //nolint:forcetypeassert // openPostgres has this driver
			Migrate: func(ctx context.Context) error {
				return migrateLocked(ctx, to.connect, pool, slog.New(slog.DiscardHandler))
			},
			Lock: migrationLock,
		})
		return err
	})
	return r, err
}

// holdSource keeps others from opening the database until the connection is closed, and reads its state.
func holdSource(ctx context.Context, source *sql.DB, path string) (_ *sql.Conn, state dbcopy.State, err error) {
	conn, err := source.Conn(ctx)
	if err != nil {
		return nil, state, inUse(err)
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, conn.Close())
		}
	}()
	if _, err := conn.ExecContext(ctx, "begin exclusive"); err != nil {
		return nil, state, inUse(err)
	}
	if state.Schema, err = schemaOf(ctx, conn, path); err != nil {
		return nil, state, inUse(err)
	}
	newest, err := newestSchema()
	switch {
	case err != nil:
		return nil, state, err
	case state.Schema > newest:
		return nil, state, fmt.Errorf("%s is from a newer version: its schema is %d, and this program knows %d", path, state.Schema, newest)
	case state.Schema < newest:
		return nil, state, fmt.Errorf("%s has the schema %d of an older version, and not %d: run \"auth-service ledger verify\", which brings it up to date",
			path, state.Schema, newest)
	}
	var born sql.NullInt64
	err = conn.QueryRowContext(ctx, "select +born_at, epoch from change_counter where id = 1").Scan(&born, &state.Epoch)
	if err == nil && !born.Valid {
		err = fmt.Errorf("auth-service was never started on %s", path)
	}
	state.Born = time.UnixMicro(born.Int64)
	return conn, state, err
}

// inUse tells ErrInUse from other errors of SQLite.
func inUse(err error) error {
	if sqliteBusy(err) {
		return ErrInUse
	}
	return err
}
