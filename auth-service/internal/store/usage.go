package store

import (
	"context"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/ledger"
)

// batchTimeout is the timeout of adding a batch, which may hold 200,000 rows.
const batchTimeout = 20 * time.Second

type marksRow struct {
	ID     int `gorm:"primaryKey;autoIncrement:false"`
	Rolled time.Time
	Pruned time.Time
	// RolledWithUnits is the same as Rolled. What does not set it cannot move Rolled (migration 00121).
	RolledWithUnits time.Time
}

// TableName is for gorm.
func (marksRow) TableName() string { return "ledger_marks" }

func readMarks(ctx context.Context, db *gorm.DB, lock ...clause.Expression) (ledger.Marks, error) {
	row, err := gorm.G[marksRow](db, lock...).Where("id = 1").Take(ctx)
	return ledger.Marks{Rolled: row.Rolled.UTC(), Pruned: row.Pruned.UTC()}, err
}

type gatewayRow struct {
	Gateway     string `gorm:"primaryKey"`
	Applied     int64
	DeliveredAt time.Time
	Counts      counts `gorm:"embedded"`
}

// TableName is for gorm.
func (gatewayRow) TableName() string { return "usage_gateways" }

type batchRow struct {
	Gateway  string `gorm:"primaryKey"`
	Sequence int64  `gorm:"primaryKey;autoIncrement:false"`
}

// TableName is for gorm.
func (batchRow) TableName() string { return "usage_batches" }

// AddBatch implements ledger.Store.
func (s *Store) AddBatch(ctx context.Context, b ledger.Batch, now time.Time) (added bool, err error) {
	err = s.writeWithin(ctx, batchTimeout, s.ofBatches(), func(ctx context.Context, tx *gorm.DB) error {
		if added, err = noteBatch(ctx, tx, b, now); err != nil || !added {
			return err
		}
		if err := s.addRows(ctx, tx, b.Rows, now); err != nil {
			return err
		}
		if err := s.settleLeases(ctx, tx, b); err != nil {
			return err
		}
		if err := s.engine.bulk.noteUses(ctx, tx, ledger.KeyUses(b.Rows, now)); err != nil {
			return err
		}
		return addTotals(ctx, tx, b.Rows)
	})
	return added && err == nil, err
}

// noteBatch records that the batch is in the ledger. It returns false if the batch was added before. It locks the
// gateway's row until the transaction ends, so that the batches of one gateway are added one after the other.
func noteBatch(ctx context.Context, tx *gorm.DB, b ledger.Batch, now time.Time) (added bool, err error) {
	gateway, err := lockGateway(ctx, tx, b.Gateway, now)
	if err != nil || b.Sequence <= gateway.Applied {
		return false, err
	}
	early, err := gorm.G[batchRow](tx).Where("gateway = ?", b.Gateway).Order("sequence").Find(ctx)
	if err != nil {
		return false, err
	}
	for _, e := range early {
		if e.Sequence == b.Sequence {
			return false, nil
		}
	}
	if b.Sequence == gateway.Applied+1 {
		gateway.Applied++
		for _, e := range early {
			if e.Sequence == gateway.Applied+1 {
				gateway.Applied++
			}
		}
		_, err = gorm.G[batchRow](tx).Where("gateway = ? and sequence <= ?", b.Gateway, gateway.Applied).Delete(ctx)
	} else {
		err = gorm.G[batchRow](tx).Create(ctx, &batchRow{Gateway: b.Gateway, Sequence: b.Sequence})
	}
	if err != nil {
		return false, err
	}
	gateway.DeliveredAt = now
	gateway.Counts = newCounts(gateway.Counts.ledger().Plus(b.Total()))
	_, err = gorm.G[gatewayRow](tx).Where("gateway = ?", b.Gateway).
		Select("applied", "delivered_at", "requests", "client_errors", "server_errors", "rate_limited", "bytes_in", "bytes_out",
			"extra_units").
		Updates(ctx, gateway)
	return true, err
}

func lockGateway(ctx context.Context, tx *gorm.DB, name string, now time.Time) (gatewayRow, error) {
	find := func() (gatewayRow, error) {
		return gorm.G[gatewayRow](tx, clause.Locking{Strength: "UPDATE"}).Where("gateway = ?", name).Take(ctx)
	}
	row, err := find()
	if !errors.Is(err, gorm.ErrRecordNotFound) {
		return row, err
	}
	// Another transaction may insert it at the same moment.
	err = gorm.G[gatewayRow](tx, clause.OnConflict{DoNothing: true}).Create(ctx, &gatewayRow{Gateway: name, DeliveredAt: now})
	if err != nil {
		return row, err
	}
	return find()
}

// addRows adds rows to the hours, and to the days and months that are rolled already: first the totals, then what has a
// key, then the calls of days that are not rolled. Only late rows need the marks. It locks them, so that no day is rolled and no hour is pruned meanwhile.
func (s *Store) addRows(ctx context.Context, tx *gorm.DB, rows []ledger.Row, now time.Time) error {
	marks := ledger.Marks{} // of a fresh row, neither matters
	if slices.ContainsFunc(rows, func(r ledger.Row) bool { return !r.Start.Add(time.Hour + ledger.FreshFor).After(now) }) {
		var err error
		if marks, err = readMarks(ctx, tx, clause.Locking{Strength: "SHARE"}); err != nil {
			return err
		}
	}
	totals, ofKeys := ledger.ByUser(rows)
	if err := s.addTo(ctx, tx, tablesOf(false), totals, marks); err != nil {
		return err
	}
	if err := s.addTo(ctx, tx, tablesOf(true), ofKeys, marks); err != nil {
		return err
	}
	return s.addToday(ctx, tx, totals, marks)
}

// addTo adds rows to three tables, in this order.
func (s *Store) addTo(ctx context.Context, tx *gorm.DB, into tables, rows []ledger.Row, marks ledger.Marks) error {
	kept, rolled := rows[:0:0], rows[:0:0]
	for _, r := range rows {
		if !r.Start.Before(marks.Pruned) {
			kept = append(kept, r)
		}
		if r.Start.Before(marks.Rolled) {
			r.Start = ledger.ByDay.Start(r.Start)
			rolled = append(rolled, r)
		}
	}
	if err := s.engine.bulk.add(ctx, tx, into.hours, kept); err != nil {
		return err
	}
	rolled = ledger.Merge(rolled)
	if err := s.engine.bulk.add(ctx, tx, into.days, rolled); err != nil {
		return err
	}
	for i := range rolled {
		rolled[i].Start = ledger.ByMonth.Start(rolled[i].Start)
	}
	return s.engine.bulk.add(ctx, tx, into.months, ledger.Merge(rolled))
}
