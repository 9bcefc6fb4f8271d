package system

import (
	"context"
	"fmt"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// Store is what the package needs of the database. While the database is unavailable, every method returns
// fault.ErrUnavailable.
type Store interface {
	// DatabaseState returns how large the database is.
	DatabaseState(ctx context.Context) (Database, error)
	// SaveReport keeps a gateway's report that arrived now, and deletes all that arrived before forgotten.
	SaveReport(ctx context.Context, gateway string, r Report, now, forgotten time.Time) error
	// Reports returns the last report of each gateway that arrived since then, the newest first, at most so many.
	Reports(ctx context.Context, since time.Time, most int) ([]Reported, error)
}

// Config is the configuration of a Service. All fields but Now are required.
type Config struct {
	Store   Store
	Ledger  *ledger.Service
	Replica func() Replica // this one
	Secrets func() Secrets
	Now     func() time.Time // nil: time.Now
}

// Service gathers the state. Safe for concurrent use.
type Service struct{ cfg Config }

// New returns a Service.
func New(cfg Config) *Service {
	if cfg.Now == nil {
		cfg.Now = time.Now
	}
	return &Service{cfg: cfg}
}

// now is the time in microseconds, because both databases keep no more.
func (s *Service) now() time.Time { return s.cfg.Now().UTC().Truncate(time.Microsecond) }

// State gathers the state. Errors: fault.ErrUnavailable, fault.ErrBusy.
func (s *Service) State(ctx context.Context) (State, error) {
	state := State{Now: s.now(), AuthService: s.cfg.Replica(), Secrets: s.cfg.Secrets()}
	var err error
	if state.Ledger, err = s.cfg.Ledger.State(ctx); err != nil {
		return State{}, fmt.Errorf("ledger: %w", err)
	}
	if state.Database, err = s.cfg.Store.DatabaseState(ctx); err != nil {
		return State{}, fmt.Errorf("database: %w", err)
	}
	if state.Gateways, err = s.cfg.Store.Reports(ctx, state.Now.Add(-keptReports), maxGateways); err != nil {
		return State{}, fmt.Errorf("reports of gateways: %w", err)
	}
	return state, nil
}
