package ledger

import (
	"log/slog"
	"time"
)

// Config is what a Service is made of. All but Now and DefaultQuota are required.
type Config struct {
	Store Store
	// HoursKept is how long calls are kept by hour; after that, by day.
	HoursKept time.Duration
	// DefaultQuota is the monthly quota of users who have none of their own; nil is no quota.
	DefaultQuota *int64
	// LeaseTime is how long a gateway may use what it was granted.
	LeaseTime time.Duration
	Log       *slog.Logger
	Now       func() time.Time // time.Now if nil
}

// Service is the ledger. Safe for concurrent use.
type Service struct {
	cfg Config
}

// NewService returns a Service.
func NewService(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg: cfg}
}

// now is the time to the microsecond, which both databases keep.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }
