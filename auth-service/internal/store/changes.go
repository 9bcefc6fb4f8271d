package store

import (
	"context"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

type changeRow struct {
	UserID    int64 `gorm:"primaryKey;autoIncrement:false"`
	Number    int64
	ChangedAt time.Time
}

// TableName is for gorm.
func (changeRow) TableName() string { return "user_changes" }

type counterRow struct {
	ID     int `gorm:"primaryKey;autoIncrement:false"`
	Last   int64
	Pruned int64
	Epoch  int64
	BornAt *time.Time
	// Incarnation is only read, and only by readCounter.
	Incarnation string `gorm:"->;-:migration"`
}

// TableName is for gorm.
func (counterRow) TableName() string { return "change_counter" }

// nextNumber is the number of the transaction's change. Call it last: all other changes wait from here to the commit.
func nextNumber(ctx context.Context, tx *gorm.DB) (int64, error) {
	if _, err := gorm.G[counterRow](tx).Where("id = 1").Update(ctx, "last", gorm.Expr("last + 1")); err != nil {
		return 0, err
	}
	counter, err := gorm.G[counterRow](tx).Where("id = 1").Take(ctx)
	return counter.Last, err
}

// noteChange gives the transaction's change of a user its number. Call it last, as nextNumber.
func noteChange(ctx context.Context, tx *gorm.DB, userID int64, at time.Time) error {
	number, err := nextNumber(ctx, tx)
	if err != nil {
		return err
	}
	upsert := clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}},
		DoUpdates: clause.AssignmentColumns([]string{"number", "changed_at"}),
	}
	return gorm.G[changeRow](tx, upsert).Create(ctx, &changeRow{UserID: userID, Number: number, ChangedAt: at})
}

// ChangeCounter implements account.Store. If the database was replaced by an older state of it, a new epoch begins.
func (s *Store) ChangeCounter(ctx context.Context) (c account.ChangeCounter, err error) {
	err = s.inOneHistory(ctx, func() error {
		return s.read(ctx, s.ofGateways(), func(ctx context.Context, db *gorm.DB) error {
			counter, err := s.readCounter(ctx, db)
			c = account.ChangeCounter{Last: counter.Last, Pruned: counter.Pruned, Epoch: counter.Epoch}
			return err
		})
	})
	return c, err
}

// ChangesAfter implements account.Store.
func (s *Store) ChangesAfter(ctx context.Context, number int64, limit int) (changes []account.Noted, err error) {
	err = s.read(ctx, s.ofGateways(), func(ctx context.Context, db *gorm.DB) error {
		// One statement sees all changes up to one number. Between two, a change could get lost.
		q := &query{}
		for i, part := range [...]string{
			"select number, user_id, '' plan from user_changes where number > ? order by number limit ?",
			"select version number, 0 user_id, name plan from plans where version > ? order by version limit ?",
			"select version number, 0 user_id, name plan from plans_gone where version > ? order by version limit ?",
		} {
			if i > 0 {
				q.add(" union all ")
			}
			q.add("select * from ("+part+") p", number, limit)
		}
		q.add(" order by number limit ?", limit)
		changes, err = gorm.G[account.Noted](db).Raw(q.text.String(), q.args...).Find(ctx)
		return err
	})
	return changes, err
}
