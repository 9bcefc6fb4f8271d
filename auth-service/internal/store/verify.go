package store

import (
	"context"
	"fmt"
	"strings"
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
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		total, err := compareTotals(ctx, db)
		if err != nil {
			return fmt.Errorf("totals: %w", err)
		}
		list = append(list, total...)
		for _, by := range []ledger.Step{ledger.ByHour, ledger.ByDay, ledger.ByMonth} {
			more, err := compareKeys(ctx, db, by, marks)
			if err != nil {
				return fmt.Errorf("keys: %w", err)
			}
			list = append(list, more...)
		}
		for _, keys := range []bool{false, true} {
			rolled, err := compareRolled(ctx, db, tablesOf(keys), marks)
			if err != nil {
				return err
			}
			list = append(list, rolled...)
		}
		ofAll, err := compareAllTotals(ctx, db, marks)
		if err != nil {
			return fmt.Errorf("totals of all users: %w", err)
		}
		list = append(list, ofAll...)
		today, err := compareToday(ctx, db, marks)
		if err != nil {
			return fmt.Errorf("days that are not rolled: %w", err)
		}
		list = append(list, today...)
		return nil
	})
	return list, err
}

// compareRolled compares months with their days, and days with their hours.
func compareRolled(ctx context.Context, db *gorm.DB, in tables, marks ledger.Marks) (list []ledger.Difference, err error) {
	first, err := gorm.G[dayRow](db).Raw("select day from " + in.days.name + " order by day limit 1").Find(ctx)
	if err != nil || len(first) == 0 {
		return nil, err
	}
	compare := func(sum, parts table, from time.Time, next func(time.Time) time.Time) error {
		for start := from; start.Before(marks.Rolled); start = next(start) {
			of, err := compareSums(ctx, db, sum, parts, start, next(start))
			if err != nil {
				return fmt.Errorf("%s: %w", start.Format(time.DateOnly), err)
			}
			list = append(list, of...)
		}
		return nil
	}
	oldest := first[0].Day.UTC()
	err = compare(in.months, in.days, ledger.ByMonth.Start(oldest), func(t time.Time) time.Time { return t.AddDate(0, 1, 0) })
	if err != nil {
		return nil, err
	}
	if oldest.Before(marks.Pruned) {
		oldest = marks.Pruned
	}
	err = compare(in.days, in.hours, oldest, func(t time.Time) time.Time { return t.AddDate(0, 0, 1) })
	return list, err
}

type comparison struct {
	UserID int64
	Route  string
	KeyID  int64
	Start  time.Time
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
	return []ledger.Difference{{What: "all rows", Got: found.Got.ledger(), Want: found.Want.ledger()}}, nil
}

// compareSums compares the rows of a day or a month with the sums of its hours or days.
func compareSums(ctx context.Context, db *gorm.DB, sum, parts table, start, next time.Time) (list []ledger.Difference, err error) {
	keys := sum.keys()
	q := &query{}
	q.add("select " + keys + ", " + each("cast(sum(got_%[1]s) as bigint) got_%[1]s, cast(sum(want_%[1]s) as bigint) want_%[1]s", ", "))
	q.add(" from (select "+keys+", "+each("%[1]s got_%[1]s, 0 want_%[1]s", ", ")+
		" from "+sum.name+" where "+sum.start+" = ?", start)
	q.add(" union all select "+keys+", "+each("0, %[1]s", ", ")+
		" from "+parts.name+" where "+parts.start+" >= ? and "+parts.start+" < ?) b", start, next)
	q.add(" group by "+keys+" having "+each("sum(got_%[1]s) <> sum(want_%[1]s)", " or ")+
		" order by "+keys+" limit ?", maxDifferences)
	found, err := gorm.G[comparison](db).Raw(q.text.String(), q.args...).Find(ctx)
	for _, f := range found {
		what := fmt.Sprintf("%s of %s, user %d, route %s", sum.name, start.Format(time.DateOnly), f.UserID, f.Route)
		if sum.ofKeys {
			what += fmt.Sprintf(", key %d", f.KeyID)
		}
		list = append(list, ledger.Difference{What: what, Got: f.Got.ledger(), Want: f.Want.ledger()})
	}
	return list, err
}

// compareKeys finds users and routes with more in sum over their API keys than in total. Hours that count no more are
// left out.
func compareKeys(ctx context.Context, db *gorm.DB, by ledger.Step, marks ledger.Marks) (list []ledger.Difference, err error) {
	total, ofKeys := tablesOf(false).of(by), tablesOf(true).of(by)
	from := marks.Pruned
	if by != ledger.ByHour {
		from = neverRolled()
	}
	start := total.start
	q := &query{}
	q.add("select k.user_id, k.route, k."+start+" start, "+
		each("k.%[1]s got_%[1]s, cast(coalesce(t.%[1]s, 0) as bigint) want_%[1]s", ", ")+
		" from (select user_id, route, "+start+", "+sums()+" from "+ofKeys.name+" where "+start+" >= ?"+
		" group by user_id, route, "+start+") k left join "+total.name+" t"+
		" on t.user_id = k.user_id and t.route = k.route and t."+start+" = k."+start+" where ", from)
	// Units are compared, not what is extra: that may be below zero.
	q.add(strings.ReplaceAll(each("k.%[1]s > coalesce(t.%[1]s, 0)", " or "), "k.extra_units > coalesce(t.extra_units, 0)",
		"k.requests + k.extra_units > coalesce(t.requests + t.extra_units, 0)"))
	q.add(" limit ?", maxDifferences)
	found, err := gorm.G[comparison](db).Raw(q.text.String(), q.args...).Find(ctx)
	for _, f := range found {
		list = append(list, ledger.Difference{
			What: fmt.Sprintf("the sum over the keys in %s of %s, user %d, route %s", ofKeys.name, f.Start.UTC().Format(time.RFC3339), f.UserID, f.Route),
			Got:  f.Got.ledger(), Want: f.Want.ledger(),
		})
	}
	return list, err
}
