package ledger

import (
	"log/slog"
	"time"
)

// Config is the configuration of a Service. All fields but Now and DefaultQuota are required.
type Config struct {
	Store Store
	// HoursKept is how long calls are kept by hour. Older calls are kept by day.
	HoursKept time.Duration
	// DefaultQuota is the monthly quota, in calls, of users who have none of their own. nil is no quota.
	DefaultQuota *int64
	// LeaseTime is how long a gateway may use the calls that it was granted.
	LeaseTime time.Duration
	Log       *slog.Logger
	Now       func() time.Time // nil: time.Now
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

// now is the time in microseconds, because both databases keep no more.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }
