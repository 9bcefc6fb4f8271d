package store

import (
	"cmp"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/ledger"
)

// rateGatewayRow is a gateway that reports.
type rateGatewayRow struct {
	Name   string `gorm:"primaryKey"`
	SeenAt int64
}

// TableName is for gorm.
func (rateGatewayRow) TableName() string { return "rate_gateways" }

// rateMarkRow is a user's theoretical arrival time under a limit. Times are nanoseconds since 1970.
type rateMarkRow struct {
	UserID    int64  `gorm:"primaryKey;autoIncrement:false"`
	LimitName string `gorm:"primaryKey"`
	Mark      int64
	Bound     int64 // the mark is at most here
	ChangedAt int64
}

// TableName is for gorm.
func (rateMarkRow) TableName() string { return "rate_marks" }

// marksAtOnce bounds the parameters of a statement.
const marksAtOnce = 500

// AddRateCalls implements ledger.Store.
func (s *Store) AddRateCalls(ctx context.Context, r ledger.RateReport, now, marksSince, gatewaysSince time.Time) (state ledger.RateState, err error) {
	at := now.UnixNano()
	rows := make([]rateMarkRow, len(r.Calls))
	for i := range r.Calls {
		c := &r.Calls[i]
		rows[i] = rateMarkRow{
			UserID: c.UserID, LimitName: c.Limit, Mark: at + int64(c.Adds()), Bound: at + int64(c.Bound), ChangedAt: at,
		}
	}
	// In one order, so that two reports do not wait for each other.
	slices.SortFunc(rows, func(a, b rateMarkRow) int {
		return cmp.Or(cmp.Compare(a.UserID, b.UserID), cmp.Compare(a.LimitName, b.LimitName))
	})
	err = s.write(ctx, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		state = ledger.RateState{}
		seen := rateGatewayRow{Name: r.Gateway, SeenAt: at}
		if err := gorm.G[rateGatewayRow](tx, clause.OnConflict{UpdateAll: true}).Create(ctx, &seen); err != nil {
			return err
		}
		alive, err := gorm.G[rateGatewayRow](tx).Where("seen_at > ?", gatewaysSince.UnixNano()).Count(ctx, "*")
		if err != nil {
			return err
		}
		state.Gateways = int(alive)
		if len(rows) > 0 {
			if err := gorm.G[rateMarkRow](tx, addToMark(at)).CreateInBatches(ctx, &rows, marksAtOnce); err != nil {
				return err
			}
		}
		marks, err := gorm.G[rateMarkRow](tx).Where("changed_at > ?", marksSince.UnixNano()).
			Order("changed_at desc").Limit(ledger.MaxMarks).Find(ctx)
		for _, m := range marks {
			state.Marks = append(state.Marks, ledger.RateMark{UserID: m.UserID, Limit: m.LimitName, Backlog: time.Duration(max(m.Mark-at, 0))})
		}
		return err
	})
	return state, err
}

// addToMark moves a mark that is there by what the calls add, from where it is or from now on. One that is past the bound is of
// another rate, or of a clock that was set back.
func addToMark(at int64) clause.OnConflict {
	return clause.OnConflict{
		Columns: []clause.Column{{Name: "user_id"}, {Name: "limit_name"}},
		DoUpdates: clause.Assignments(map[string]any{
			"mark": gorm.Expr("case when rate_marks.mark > excluded.bound then excluded.bound"+
				" when rate_marks.mark > ? then rate_marks.mark + (excluded.mark - ?) else excluded.mark end", at, at),
			"bound": gorm.Expr("excluded.bound"), "changed_at": gorm.Expr("excluded.changed_at"),
		}),
	}
}

// SweepRates implements ledger.Store.
func (s *Store) SweepRates(ctx context.Context, now time.Time) error {
	at := now.UnixNano()
	return s.write(ctx, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		if _, err := gorm.G[rateMarkRow](tx).Where("mark < ?", at).Delete(ctx); err != nil {
			return err
		}
		_, err := gorm.G[rateGatewayRow](tx).Where("seen_at < ?", at-int64(time.Minute)).Delete(ctx)
		return err
	})
}
