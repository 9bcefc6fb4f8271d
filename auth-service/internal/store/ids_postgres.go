package store

import (
	"context"

	"gorm.io/gorm"
)

type postgresIDs struct{}

// epochLock is the key of the lock of those who begin an epoch: "tallygat" in ASCII.
const epochLock = 0x74616c6c79676174

func (postgresIDs) alone(ctx context.Context, tx *gorm.DB) error {
	_, err := tx.Statement.ConnPool.ExecContext(ctx, "select pg_advisory_xact_lock($1)", int64(epochLock))
	return err
}

func (postgresIDs) pause(ctx context.Context, tx *gorm.DB) error {
	_, err := tx.Statement.ConnPool.ExecContext(ctx, "lock table users in share row exclusive mode")
	return err
}

func (postgresIDs) last(ctx context.Context, tx *gorm.DB) (last int64, err error) {
	err = tx.Statement.ConnPool.QueryRowContext(ctx,
		"select coalesce(pg_sequence_last_value(pg_get_serial_sequence('users', 'id')::regclass), 0)").Scan(&last)
	return last, err
}

func (postgresIDs) advance(ctx context.Context, tx *gorm.DB, last int64) error {
	_, err := tx.Statement.ConnPool.ExecContext(ctx, "select setval(pg_get_serial_sequence('users', 'id')::regclass, $1)", last)
	return err
}

// incarnation: a restore makes the table anew, and everything else that replaces the data needs a start of the server.
func (postgresIDs) incarnation() string {
	return "pg_postmaster_start_time()::text || ' ' || tableoid::text"
}
