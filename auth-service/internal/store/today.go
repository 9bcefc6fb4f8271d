package store

import (
	"context"
	"fmt"
	"slices"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// addToday adds rows without keys to the days that are not rolled. They are sorted by user, so that no two batches wait for each other.
func (s *Store) addToday(ctx context.Context, tx *gorm.DB, rows []ledger.Row, marks ledger.Marks) error {
	rows = slices.DeleteFunc(slices.Clone(rows), func(r ledger.Row) bool { return r.Start.Before(marks.Rolled) })
	for i := range rows {
		rows[i].Start, rows[i].Route = ledger.ByDay.Start(rows[i].Start), ""
	}
	return s.engine.bulk.addToday(ctx, tx, ledger.Merge(rows))
}

// forgetToday removes days that are rolled.
func forgetToday(ctx context.Context, tx *gorm.DB, before time.Time) error {
	return gorm.G[hourRow](tx).Exec(ctx, "delete from usage_today where day < ?", before)
}

// compareToday compares the days that are not rolled with their hours, by user.
func compareToday(ctx context.Context, db *gorm.DB, marks ledger.Marks) (list []ledger.Difference, err error) {
	days, err := gorm.G[dayRow](db).Raw("select day from usage_totals where day >= ? union select day from usage_today where day >= ? order by day",
		marks.Rolled, marks.Rolled).Find(ctx)
	if err != nil {
		return nil, err
	}
	for _, d := range days {
		day := ledger.ByDay.Start(d.Day)
		q := &query{}
		q.add("select user_id, cast(sum(got) as bigint) got_requests, cast(sum(want) as bigint) want_requests from (select user_id, requests got, 0 want from usage_today where day = ?", day)
		q.add(" union all select user_id, 0, requests from usage_hours where hour >= ? and hour < ?", day, day.AddDate(0, 0, 1))
		// A day that has been rolled meanwhile has no rows here.
		q.add(" and hour >= (select rolled from ledger_marks where id = 1)) b where (select rolled from ledger_marks where id = 1) <= ?", day)
		q.add(" group by user_id having sum(got) <> sum(want) order by user_id limit ?", maxDifferences)
		found, err := gorm.G[comparison](db).Raw(q.text.String(), q.args...).Find(ctx)
		if err != nil {
			return nil, err
		}
		for _, f := range found {
			list = append(list, ledger.Difference{
				What: fmt.Sprintf("usage_today of %s, user %d", day.Format(time.DateOnly), f.UserID),
				Got:  f.Got.ledger(), Want: f.Want.ledger(),
			})
		}
	}
	return list, nil
}
