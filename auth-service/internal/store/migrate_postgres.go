package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
	"gorm.io/gorm"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/store/dbcopy"
	"tallygate/kit/every"
)

// migrationLock is the key of the lock that a start holds while it migrates. Versions before this one hold it for a session.
const migrationLock = lock.DefaultLockID

const (
	// migrationPoll is how often a replica looks whether another one has migrated, and migrationWait how long until it says so.
	migrationPoll = 250 * time.Millisecond
	migrationWait = 5 * time.Minute
)

// connectFunc returns a pool that has no connection yet.
type connectFunc = func() (*sql.DB, gorm.Dialector, error)

// migratePostgres returns what migrates, unless a copy into the database is not finished. A copy that begins meanwhile waits for the
// migration, and then finds a database that is not empty; one that began before is found at the end.
func migratePostgres(connect connectFunc) func(context.Context, *sql.DB, *slog.Logger) error {
	return func(ctx context.Context, pool *sql.DB, log *slog.Logger) error {
		if err := dbcopy.Finished(ctx, pool); err != nil {
			return err
		}
		if err := migrateLocked(ctx, connect, pool, log); err != nil {
			return err
		}
		return dbcopy.Finished(ctx, pool)
	}
}

// migrateLocked holds a lock: of several replicas one migrates, and the others wait for it. The lock is that of a transaction which is
// open meanwhile, at a connection of its own. A lock of a session would stay behind in a connection of a pooler.
func migrateLocked(ctx context.Context, connect connectFunc, pool *sql.DB, log *slog.Logger) (err error) {
	own, _, err := connect()
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, own.Close()) }()
	for deadline := time.Now().Add(migrationWait); ; {
		taken, err := holding(ctx, own, func() error { return migrate(ctx, goose.DialectPostgres, pool, log) })
		switch {
		case taken || err != nil:
			return err
		case time.Now().After(deadline):
			return fmt.Errorf("%w: another replica has been migrating for %s", fault.ErrBusy, migrationWait)
		case !every.Sleep(ctx, migrationPoll):
			return ctx.Err()
		}
	}
}

// holding does something while it holds the lock, if nobody else does. It does not wait for the lock: a statement that waits holds a
// snapshot, for which a migration may wait, and a connection of the pooler, which may have none left for the migration.
func holding(ctx context.Context, pool *sql.DB, do func() error) (taken bool, err error) {
	tx, err := pool.BeginTx(ctx, nil)
	if err != nil {
		return false, err
	}
	defer func() {
		if ended := tx.Rollback(); !errors.Is(ended, sql.ErrTxDone) {
			err = errors.Join(err, ended)
		}
	}()
	if _, err := tx.ExecContext(ctx, "set local idle_in_transaction_session_timeout = 0"); err != nil {
		return false, err
	}
	if err := tx.QueryRowContext(ctx, "select pg_try_advisory_xact_lock($1)", migrationLock).Scan(&taken); err != nil || !taken {
		return false, err
	}
	return true, do()
}
