package store

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/system"
)

// reportRow is the last report of a gateway.
type reportRow struct {
	Gateway    string `gorm:"primaryKey"`
	ReportedAt time.Time
	Report     string // system.Report in JSON
}

// TableName is for gorm.
func (reportRow) TableName() string { return "gateway_reports" }

// reportTimeout bounds the write of a report. The next one comes in a few seconds and says more.
const reportTimeout = time.Second

// SaveReport implements system.Store.
func (s *Store) SaveReport(ctx context.Context, gateway string, r system.Report, now, forgotten time.Time) error {
	text, err := json.Marshal(r)
	if err != nil {
		return fmt.Errorf("encode a report: %w", err)
	}
	return s.writeWithin(ctx, reportTimeout, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		row := reportRow{Gateway: gateway, ReportedAt: now, Report: string(text)}
		if err := gorm.G[reportRow](tx, clause.OnConflict{UpdateAll: true}).Create(ctx, &row); err != nil {
			return err
		}
		_, err := gorm.G[reportRow](tx).Where("reported_at < ?", forgotten).Delete(ctx)
		return err
	})
}

// Reports implements system.Store.
func (s *Store) Reports(ctx context.Context, since time.Time, most int) (reports []system.Reported, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		rows, err := gorm.G[reportRow](db).Where("reported_at >= ?", since).Order("reported_at desc, gateway").Limit(most).Find(ctx)
		if err != nil {
			return err
		}
		reports = make([]system.Reported, len(rows))
		for i, row := range rows {
			reports[i] = system.Reported{Gateway: row.Gateway, At: row.ReportedAt.UTC()}
			if err := json.Unmarshal([]byte(row.Report), &reports[i].Report); err != nil {
				return fmt.Errorf("report of gateway %s: %w", row.Gateway, err)
			}
		}
		return nil
	})
	return reports, err
}
