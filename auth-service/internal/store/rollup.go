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
		for _, keys := range []bool{false, true} {
			if err := sumDay(ctx, tx, tablesOf(keys), marks.Rolled, next); err != nil {
				return err
			}
		}
		if err := forgetToday(ctx, tx, next); err != nil {
			return err
		}
		if err := mendTotals(ctx, tx, ledger.Marks{Rolled: next, Pruned: marks.Pruned}); err != nil {
			return err
		}
		rolled = true
		_, err = gorm.G[marksRow](tx).Where("id = 1").Select("rolled", "rolled_with_units").
			Updates(ctx, marksRow{Rolled: next, RolledWithUnits: next})
		return err
	})
	return rolled, err
}

// sumDay sums the hours of a day, and adds the day to its month.
func sumDay(ctx context.Context, tx *gorm.DB, in tables, day, next time.Time) error {
	keys := in.days.keys()
	err := gorm.G[dayRow](tx).Exec(ctx, "insert into "+in.days.name+" (day, "+keys+", "+countNames+") "+
		"select cast(? as timestamptz), "+keys+", "+sums()+" from "+in.hours.name+" where hour >= ? and hour < ? "+
		"group by "+keys, day, day, next)
	if err != nil {
		return err
	}
	return gorm.G[dayRow](tx).Exec(ctx, "insert into "+in.months.name+" (month, "+keys+", "+countNames+") "+
		"select cast(? as timestamptz), "+keys+", "+countNames+" from "+in.days.name+" where day = ? "+
		"on conflict ("+in.months.primary()+") do update set "+each("%[1]s = "+in.months.name+".%[1]s + excluded.%[1]s", ", "),
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
		for _, keys := range []bool{false, true} {
			before := marks.Pruned.AddDate(0, 0, -1)
			if err := gorm.G[hourRow](tx).Exec(ctx, "delete from "+tablesOf(keys).hours.name+" where hour < ?", before); err != nil {
				return err
			}
		}
		return nil
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
