package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// maxDifferences bounds how many differences of one day or month are reported.
const maxDifferences = 20

// Differences implements ledger.Store. Each comparison is one statement, so that batches may be added meanwhile.
func (s *Store) Differences(ctx context.Context) (list []ledger.Difference, err error) {
	err = s.readWithin(ctx, noTimeout, s.known(), func(ctx context.Context, db *gorm.DB) error {
		list = nil
		total, err := compareTotals(ctx, db)
		if err != nil {
			return fmt.Errorf("totals: %w", err)
		}
		list = append(list, total...)
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		first, err := gorm.G[dayRow](db).Order("day").Limit(1).Find(ctx)
		if err != nil || len(first) == 0 {
			return err
		}
		compare := func(by ledger.Step, from time.Time, next func(time.Time) time.Time) error {
			for start := from; start.Before(marks.Rolled); start = next(start) {
				of, err := compareSums(ctx, db, by, start, next(start))
				if err != nil {
					return fmt.Errorf("%s: %w", start.Format(time.DateOnly), err)
				}
				list = append(list, of...)
			}
			return nil
		}
		oldest := first[0].Day.UTC()
		err = compare(ledger.ByMonth, ledger.ByMonth.Start(oldest), func(t time.Time) time.Time { return t.AddDate(0, 1, 0) })
		if err != nil {
			return err
		}
		if oldest.Before(marks.Pruned) {
			oldest = marks.Pruned
		}
		return compare(ledger.ByDay, oldest, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) })
	})
	return list, err
}

type comparison struct {
	UserID int64
	Route  string
	Got    counts `gorm:"embedded;embeddedPrefix:got_"`
	Want   counts `gorm:"embedded;embeddedPrefix:want_"`
}

// compareTotals compares the sum of all batches with the sum of all rows.
func compareTotals(ctx context.Context, db *gorm.DB) ([]ledger.Difference, error) {
	const rolled = "(select rolled from ledger_marks where id = 1)"
	found, err := gorm.G[comparison](db).Raw("select " + each("g.%[1]s got_%[1]s, w.%[1]s want_%[1]s", ", ") +
		" from (select " + sums() + " from (select " + countNames + " from usage_days where day < " + rolled +
		" union all select " + countNames + " from usage_hours where hour >= " + rolled + ") r) g" +
		" cross join (select " + sums() + " from usage_gateways) w").Take(ctx)
	if err != nil || found.Got == found.Want {
		return nil, err
	}
	return []ledger.Difference{{What: "all rows", Got: ledger.Counts(found.Got), Want: ledger.Counts(found.Want)}}, nil
}

// compareSums compares the rows of a day or a month with the sums of its hours or days.
func compareSums(ctx context.Context, db *gorm.DB, by ledger.Step, start, next time.Time) (list []ledger.Difference, err error) {
	sum, parts := days, hours
	if by == ledger.ByMonth {
		sum, parts = months, days
	}
	q := &query{}
	q.add("select user_id, route, " + each("cast(sum(got_%[1]s) as bigint) got_%[1]s, cast(sum(want_%[1]s) as bigint) want_%[1]s", ", "))
	q.add(" from (select user_id, route, "+each("%[1]s got_%[1]s, 0 want_%[1]s", ", ")+
		" from "+sum.name+" where "+sum.start+" = ?", start)
	q.add(" union all select user_id, route, "+each("0, %[1]s", ", ")+
		" from "+parts.name+" where "+parts.start+" >= ? and "+parts.start+" < ?) b", start, next)
	q.add(" group by user_id, route having "+each("sum(got_%[1]s) <> sum(want_%[1]s)", " or ")+
		" order by user_id, route limit ?", maxDifferences)
	found, err := gorm.G[comparison](db).Raw(q.text.String(), q.args...).Find(ctx)
	for _, f := range found {
		list = append(list, ledger.Difference{
			What: fmt.Sprintf("%s of %s, user %d, route %s", sum.name, start.Format(time.DateOnly), f.UserID, f.Route),
			Got:  ledger.Counts(f.Got), Want: ledger.Counts(f.Want),
		})
	}
	return list, err
}
