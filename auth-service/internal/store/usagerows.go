package store

import (
	"time"

	"tallygate/auth-service/internal/ledger"
)

// counts are the columns that all usage tables have.
type counts struct {
	Requests     int64
	ClientErrors int64
	ServerErrors int64
	RateLimited  int64
	BytesIn      int64
	BytesOut     int64
	ExtraUnits   int64 // units less requests: an auth-service of the version before leaves it at zero
}

func newCounts(c ledger.Counts) counts {
	return counts{
		Requests: c.Requests, ClientErrors: c.ClientErrors, ServerErrors: c.ServerErrors, RateLimited: c.RateLimited,
		BytesIn: c.BytesIn, BytesOut: c.BytesOut, ExtraUnits: c.Units - c.Requests,
	}
}

func (c counts) ledger() ledger.Counts {
	return ledger.Counts{
		Requests: c.Requests, Units: c.Requests + c.ExtraUnits, ClientErrors: c.ClientErrors, ServerErrors: c.ServerErrors,
		RateLimited: c.RateLimited, BytesIn: c.BytesIn, BytesOut: c.BytesOut,
	}
}

// places are where Scan puts the columns of countNames.
func places(c *counts) []any {
	return []any{&c.Requests, &c.ClientErrors, &c.ServerErrors, &c.RateLimited, &c.BytesIn, &c.BytesOut, &c.ExtraUnits}
}

// values are the columns of countNames.
func (c counts) values() [7]int64 {
	return [7]int64{c.Requests, c.ClientErrors, c.ServerErrors, c.RateLimited, c.BytesIn, c.BytesOut, c.ExtraUnits}
}

type hourRow struct {
	UserID int64     `gorm:"primaryKey;autoIncrement:false"`
	Hour   time.Time `gorm:"primaryKey"`
	Route  string    `gorm:"primaryKey"`
	Counts counts    `gorm:"embedded"`
}

// TableName is for gorm.
func (hourRow) TableName() string { return "usage_hours" }

type dayRow struct {
	UserID int64     `gorm:"primaryKey;autoIncrement:false"`
	Day    time.Time `gorm:"primaryKey"`
	Route  string    `gorm:"primaryKey"`
	Counts counts    `gorm:"embedded"`
}

// TableName is for gorm.
func (dayRow) TableName() string { return "usage_days" }
