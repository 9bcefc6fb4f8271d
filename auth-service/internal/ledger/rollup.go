package ledger

import (
	"context"
	"fmt"
	"time"
)

const (
	// rollDelay is the time between the end of a day and its roll-up. By then nearly all of its batches have arrived.
	rollDelay = 2 * time.Hour
	// FreshFor is how long after its end an hour is certainly not rolled, even if the clocks of replicas differ by more
	// than an hour. Batches of such hours need not read Marks, and do not wait while a day is rolled.
	FreshFor = 30 * time.Minute

	firstRoll    = time.Minute // after the start, when the database is up
	rollInterval = 10 * time.Minute
)

// Run calls RollUp every ten minutes until ctx ends. Any number of replicas may run it.
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
			s.cfg.Log.WarnContext(ctx, "roll-up of the ledger failed", "error", err)
		}
		timer.Reset(rollInterval)
	}
}

// RollUp sums the days that are over. It removes hours that are old enough, expired leases, and marks of rates.
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
	if err := s.cfg.Store.SweepRates(ctx, now); err != nil {
		return fmt.Errorf("sweep rates: %w", err)
	}
	return s.cfg.Store.SweepLeases(ctx, now.Add(-leaseMemory))
}
