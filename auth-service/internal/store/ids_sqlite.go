package store

import (
	"context"
	"database/sql"
	"errors"

	"gorm.io/gorm"
)

type sqliteIDs struct{}

// alone and pause do nothing: a transaction has the one write lock from its start.
func (sqliteIDs) alone(context.Context, *gorm.DB) error { return nil }

func (sqliteIDs) pause(context.Context, *gorm.DB) error { return nil }

func (sqliteIDs) last(ctx context.Context, tx *gorm.DB) (last int64, err error) {
	err = tx.Statement.ConnPool.QueryRowContext(ctx, "select seq from sqlite_sequence where name = 'users'").Scan(&last)
	if errors.Is(err, sql.ErrNoRows) {
		return 0, nil
	}
	return last, err
}

func (sqliteIDs) advance(ctx context.Context, tx *gorm.DB, last int64) error {
	if _, err := tx.Statement.ConnPool.ExecContext(ctx, "delete from sqlite_sequence where name = 'users'"); err != nil {
		return err
	}
	_, err := tx.Statement.ConnPool.ExecContext(ctx, "insert into sqlite_sequence (name, seq) values ('users', ?)", last)
	return err
}

// incarnation: the file cannot be replaced while a process has it open.
func (sqliteIDs) incarnation() string { return "''" }
