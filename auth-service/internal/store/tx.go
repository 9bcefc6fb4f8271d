package store

import (
	"context"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/fault"
)

// writeAttempts is how often a transaction is tried while the database aborts it in favour of another.
const writeAttempts = 4

// noTimeout is longer than any call takes.
const noTimeout time.Duration = 1<<63 - 1

// read runs a query.
func (s *Store) read(ctx context.Context, a access, query func(ctx context.Context, db *gorm.DB) error) error {
	return s.readWithin(ctx, s.timeout, a, query)
}

// readWithin is read with a timeout of its own.
func (s *Store) readWithin(ctx context.Context, timeout time.Duration, a access,
	query func(ctx context.Context, db *gorm.DB) error,
) error {
	if !s.ready.Load() {
		return fault.ErrUnavailable
	}
	leave, err := s.enter(ctx, a, false)
	if err != nil {
		return err
	}
	defer leave()
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.translate(ctx, bounded, query(bounded, a.lane.db))
}

// write runs change in one transaction: either all of it is kept, synced to disk, or nothing. It may call change more
// than once.
func (s *Store) write(ctx context.Context, a access, change func(ctx context.Context, tx *gorm.DB) error) error {
	return s.writeWithin(ctx, s.timeout, a, change)
}

// writeWithin is write with a timeout of its own.
func (s *Store) writeWithin(ctx context.Context, timeout time.Duration, a access,
	change func(ctx context.Context, tx *gorm.DB) error,
) error {
	if !s.ready.Load() {
		return fault.ErrUnavailable
	}
	return s.transact(ctx, timeout, a, change)
}

// transact is writeWithin also for a store that is not ready.
func (s *Store) transact(ctx context.Context, timeout time.Duration, a access,
	change func(ctx context.Context, tx *gorm.DB) error,
) error {
	leave, err := s.enter(ctx, a, true)
	if err != nil {
		return err
	}
	defer leave()
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	for range writeAttempts {
		err = a.lane.db.WithContext(bounded).Transaction(func(tx *gorm.DB) error { return change(bounded, tx) })
		if err == nil || !s.engine.retryable(err) {
			break
		}
	}
	if err == nil {
		s.succeeded(ctx)
	}
	return s.translate(ctx, bounded, err)
}

// translate turns an outage of the database into fault.ErrUnavailable, and the end of bounded, the time of the call, into
// fault.ErrBusy. It does not change errors of the domain. If the caller's own ctx has ended, the error is that.
func (s *Store) translate(ctx, bounded context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	// After the end of its context, a transaction fails in many ways: that it is over, that its connection is closed or
	// busy, that the statement was cancelled.
	case ctx.Err() != nil:
		s.engine.doubt()
		return fmt.Errorf("%w: %w", ctx.Err(), err)
	case s.engine.unreachable(err):
		return s.unavailable(ctx, err)
	case bounded.Err() != nil, errors.Is(err, context.DeadlineExceeded), s.engine.slow(err), s.engine.retryable(err):
		s.engine.doubt()
		return fmt.Errorf("%w: %w", fault.ErrBusy, err)
	case s.engine.outage(err):
		return s.unavailable(ctx, err)
	}
	return err
}

func (s *Store) unavailable(ctx context.Context, err error) error {
	s.engine.doubt()
	return fmt.Errorf("%w: %s: %w", fault.ErrUnavailable, s.failed(ctx, err), err)
}
