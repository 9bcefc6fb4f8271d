package ledger

import (
	"context"
	"fmt"
	"time"
)

const (
	// rollDelay is how long after its end a day is rolled. Nearly all of it has arrived then; see FreshFor.
	rollDelay = 2 * time.Hour
	// FreshFor is how long after its end an hour is certainly not rolled yet, however wrong the replicas' clocks are
	// within reason: batches of such hours need not look at Marks, and need not wait for a day to be rolled.
	FreshFor = 30 * time.Minute

	firstRoll    = time.Minute // after the start, when the database is up
	rollInterval = 10 * time.Minute
)

// Run rolls and prunes now and then until ctx ends. Any number of replicas may do so.
func (s *Service) Run(ctx context.Context) {
	timer := time.NewTimer(firstRoll)
	defer timer.Stop()
	for {
		select {
		case <-timer.C:
		case <-ctx.Done():
			return
		}
		if err := s.RollUp(ctx); err != nil && ctx.Err() == nil {
			s.cfg.Log.WarnContext(ctx, "roll-up of the ledger", "error", err)
		}
		timer.Reset(rollInterval)
	}
}

// RollUp sums the days that are over, forgets hours that are old enough and leases that are over.
func (s *Service) RollUp(ctx context.Context) error {
	now := s.now()
	for again := true; again; {
		var err error
		if again, err = s.cfg.Store.RollDay(ctx, now.Add(-rollDelay).Truncate(day)); err != nil {
			return fmt.Errorf("roll day: %w", err)
		}
	}
	if err := s.cfg.Store.Prune(ctx, now.Add(-s.cfg.HoursKept).Truncate(day)); err != nil {
		return fmt.Errorf("prune hours: %w", err)
	}
	return s.cfg.Store.SweepLeases(ctx, now.Add(-leaseMemory))
}
