package store

import (
	"context"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/ledger"
)

// compareAllTotals compares the totals of all users with the rows: each day that is rolled with its users' days, the hours that are not
// rolled with the users' hours.
func compareAllTotals(ctx context.Context, db *gorm.DB, marks ledger.Marks) (list []ledger.Difference, err error) {
	in := tablesOf(false)
	err = eachRolledDay(ctx, db, marks, func(day, next time.Time) error {
		of, err := compareDay(ctx, db, in.days, day, next)
		list = append(list, of...)
		return err
	})
	if err != nil {
		return nil, err
	}
	unrolled, err := compareDay(ctx, db, in.hours, marks.Rolled, time.Date(9999, 1, 1, 0, 0, 0, 0, time.UTC))
	return append(list, unrolled...), err
}

// eachRolledDay calls do for each day that is rolled, from the first that has calls.
func eachRolledDay(ctx context.Context, db *gorm.DB, marks ledger.Marks, do func(day, next time.Time) error) error {
	first, err := gorm.G[dayRow](db).Raw("select day from usage_days union all select day from usage_totals order by day limit 1").Find(ctx)
	if err != nil || len(first) == 0 {
		return err
	}
	for day := ledger.ByDay.Start(first[0].Day); day.Before(marks.Rolled); day = day.AddDate(0, 0, 1) {
		if err := do(day, day.AddDate(0, 0, 1)); err != nil {
			return err
		}
	}
	return nil
}

// compareDay compares the totals of a time with the rows of users, by route.
func compareDay(ctx context.Context, db *gorm.DB, users table, from, to time.Time) (list []ledger.Difference, err error) {
	q := &query{}
	q.add("select route, " + each("cast(sum(got_%[1]s) as bigint) got_%[1]s, cast(sum(want_%[1]s) as bigint) want_%[1]s", ", "))
	q.add(" from (select route, "+each("%[1]s got_%[1]s, 0 want_%[1]s", ", ")+" from "+totalsTable().name+" where hour >= ? and hour < ?", from, to)
	q.add(" union all select route, "+each("0, %[1]s", ", ")+" from "+users.name+" where "+users.start+" >= ? and "+users.start+" < ?) b", from, to)
	q.add(" group by route having "+each("sum(got_%[1]s) <> sum(want_%[1]s)", " or ")+" order by route limit ?", maxDifferences)
	found, err := gorm.G[comparison](db).Raw(q.text.String(), q.args...).Find(ctx)
	for _, f := range found {
		list = append(list, ledger.Difference{
			What: fmt.Sprintf("%s from %s, route %s", totalsTable().name, from.Format(time.DateOnly), f.Route),
			Got:  f.Got.ledger(), Want: f.Want.ledger(),
		})
	}
	return list, err
}
