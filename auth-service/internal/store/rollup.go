package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/ledger"
)

// rollTimeout is the timeout of the roll-up of one day, and of the deletion of old hours.
const rollTimeout = 10 * time.Minute

// neverRolled is the mark of a ledger in which no day was rolled yet. The migration sets it.
func neverRolled() time.Time { return time.Unix(0, 0) }

// RollDay implements ledger.Store. Fresh batches are added meanwhile. Late batches wait for the lock of the marks.
func (s *Store) RollDay(ctx context.Context, before time.Time) (rolled bool, err error) {
	err = s.writeWithin(ctx, rollTimeout, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		rolled = false
		marks, err := readMarks(ctx, tx, clause.Locking{Strength: "UPDATE"})
		if err != nil {
			return err
		}
		if marks.Rolled.Equal(neverRolled()) { // begin with the oldest hour
			first, err := gorm.G[hourRow](tx).Order("hour").Take(ctx)
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return nil
			}
			if err != nil {
				return err
			}
			marks.Rolled = ledger.ByDay.Start(first.Hour)
		}
		if !marks.Rolled.Before(before) {
			return nil
		}
		next := marks.Rolled.AddDate(0, 0, 1)
		if err := sumDay(ctx, tx, marks.Rolled, next); err != nil {
			return err
		}
		rolled = true
		_, err = gorm.G[marksRow](tx).Where("id = 1").Update(ctx, "rolled", next)
		return err
	})
	return rolled, err
}

// sumDay sums the hours of a day, and adds the day to its month.
func sumDay(ctx context.Context, tx *gorm.DB, day, next time.Time) error {
	err := gorm.G[dayRow](tx).Exec(ctx, "insert into usage_days (user_id, day, route, "+countNames+") "+
		"select user_id, cast(? as timestamptz), route, "+sums()+" from usage_hours where hour >= ? and hour < ? "+
		"group by user_id, route", day, day, next)
	if err != nil {
		return err
	}
	return gorm.G[monthRow](tx).Exec(ctx, "insert into usage_months (user_id, month, route, "+countNames+") "+
		"select user_id, cast(? as timestamptz), route, "+countNames+" from usage_days where day = ? "+
		"on conflict (user_id, month, route) do update set "+each("%[1]s = usage_months.%[1]s + excluded.%[1]s", ", "),
		ledger.ByMonth.Start(day), day)
}

// Prune implements ledger.Store.
func (s *Store) Prune(ctx context.Context, before time.Time) error {
	// No call reads or adds hours that are a day older than the mark, not even one that has read an earlier mark.
	err := s.writeWithin(ctx, rollTimeout, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		marks, err := readMarks(ctx, tx)
		if err != nil {
			return err
		}
		_, err = gorm.G[hourRow](tx).Where("hour < ?", marks.Pruned.AddDate(0, 0, -1)).Delete(ctx)
		return err
	})
	if err != nil {
		return err
	}
	return s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		marks, err := readMarks(ctx, tx, clause.Locking{Strength: "UPDATE"})
		if err != nil {
			return err
		}
		if marks.Rolled.Before(before) {
			before = marks.Rolled
		}
		if !marks.Pruned.Before(before) {
			return nil
		}
		_, err = gorm.G[marksRow](tx).Where("id = 1").Update(ctx, "pruned", before)
		return err
	})
}
