package ledger

import (
	"context"
	"fmt"
	"time"
)

// State is how the ledger is doing. A time that is not known is zero.
type State struct {
	LastBatch  time.Time // when a gateway delivered last
	RolledUpTo time.Time // the first day that is not rolled
	OldestHour time.Time // of the hours that are kept
	Verified   *Verified // nil: never
}

// Verified is the result of Verify.
type Verified struct {
	At          time.Time
	Differences int
}

// State reads how the ledger is doing. Errors: fault.ErrUnavailable, fault.ErrBusy.
func (s *Service) State(ctx context.Context) (State, error) { return s.cfg.Store.LedgerState(ctx) }

// VerifyAndNote is Verify, and keeps for State how many differences there are.
func (s *Service) VerifyAndNote(ctx context.Context) ([]Difference, error) {
	differences, err := s.Verify(ctx)
	if err != nil {
		return nil, err
	}
	if err := s.cfg.Store.NoteVerified(ctx, Verified{At: s.now(), Differences: len(differences)}); err != nil {
		return differences, fmt.Errorf("keep the result: %w", err)
	}
	return differences, nil
}
