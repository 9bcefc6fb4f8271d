package store

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/system"
)

// checkRow is the result of the last comparison of the ledger. There is one row at most.
type checkRow struct {
	ID          int `gorm:"primaryKey;autoIncrement:false"`
	VerifiedAt  time.Time
	Differences int
}

// TableName is for gorm.
func (checkRow) TableName() string { return "ledger_checks" }

// NoteVerified implements ledger.Store.
func (s *Store) NoteVerified(ctx context.Context, v ledger.Verified) error {
	return s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		row := checkRow{ID: 1, VerifiedAt: v.At, Differences: v.Differences}
		return gorm.G[checkRow](tx, clause.OnConflict{UpdateAll: true}).Create(ctx, &row)
	})
}

// LedgerState implements ledger.Store.
func (s *Store) LedgerState(ctx context.Context) (state ledger.State, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		if marks.Rolled.After(neverRolled()) {
			state.RolledUpTo = marks.Rolled
		}
		hours, err := gorm.G[hourRow](db).Select("hour").Where("hour >= ?", marks.Pruned).Order("hour").Limit(1).Find(ctx)
		if err != nil {
			return err
		}
		for i := range hours {
			state.OldestHour = hours[i].Hour.UTC()
		}
		last, err := gorm.G[gatewayRow](db).Select("delivered_at").Order("delivered_at desc").Limit(1).Find(ctx)
		if err != nil {
			return err
		}
		for i := range last {
			state.LastBatch = last[i].DeliveredAt.UTC()
		}
		checks, err := gorm.G[checkRow](db).Where("id = 1").Find(ctx)
		for _, c := range checks {
			state.Verified = &ledger.Verified{At: c.VerifiedAt.UTC(), Differences: c.Differences}
		}
		return err
	})
	return state, err
}

// DatabaseState implements system.Store.
func (s *Store) DatabaseState(ctx context.Context) (state system.Database, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		state, err = s.engine.size(ctx, db)
		return err
	})
	state.Kind = s.engine.name
	return state, err
}

// sqliteSize looks at the files.
func sqliteSize(path string) func(context.Context, *gorm.DB) (system.Database, error) {
	return func(context.Context, *gorm.DB) (system.Database, error) {
		file, err := os.Stat(path)
		if err != nil {
			return system.Database{}, fmt.Errorf("file of the database: %w", err)
		}
		wal := int64(0)
		switch info, err := os.Stat(path + "-wal"); {
		case err == nil:
			wal = info.Size()
		case !errors.Is(err, fs.ErrNotExist):
			return system.Database{}, fmt.Errorf("write-ahead log of the database: %w", err)
		}
		return system.Database{Size: file.Size(), WAL: &wal}, nil
	}
}

// postgresSize asks the server. Every role may read these numbers, also those about connections of other roles.
func postgresSize(ctx context.Context, db *gorm.DB) (system.Database, error) {
	row, err := gorm.G[struct {
		Size         int64
		InUse, Limit int
	}](db).Raw(`select pg_database_size(current_database()) as size, ` +
		`(select coalesce(sum(numbackends), 0) from pg_stat_database) as in_use, ` +
		`current_setting('max_connections')::bigint as "limit"`).Take(ctx)
	return system.Database{Size: row.Size, Connections: &system.Use{InUse: row.InUse, Limit: row.Limit}}, err
}
