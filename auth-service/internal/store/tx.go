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
func (s *Store) read(ctx context.Context, query func(ctx context.Context, db *gorm.DB) error) error {
	return s.readWithin(ctx, s.timeout, query)
}

// readWithin is read with a timeout of its own.
func (s *Store) readWithin(ctx context.Context, timeout time.Duration, query func(ctx context.Context, db *gorm.DB) error) error {
	if !s.ready.Load() {
		return fault.ErrUnavailable
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	return s.translate(ctx, query(bounded, s.db))
}

// write runs change in one transaction: either all of it is kept, synced to disk, or nothing. It may call change more
// than once.
func (s *Store) write(ctx context.Context, change func(ctx context.Context, tx *gorm.DB) error) error {
	return s.writeWithin(ctx, s.timeout, change)
}

// writeWithin is write with a timeout of its own.
func (s *Store) writeWithin(ctx context.Context, timeout time.Duration, change func(ctx context.Context, tx *gorm.DB) error) error {
	if !s.ready.Load() {
		return fault.ErrUnavailable
	}
	bounded, cancel := context.WithTimeout(ctx, timeout)
	defer cancel()
	if s.writer != nil {
		select {
		case s.writer <- struct{}{}:
			defer func() { <-s.writer }()
		case <-bounded.Done():
			return s.translate(ctx, bounded.Err())
		}
	}
	var err error
	for range writeAttempts {
		err = s.db.WithContext(bounded).Transaction(func(tx *gorm.DB) error { return change(bounded, tx) })
		if err == nil || !s.engine.retryable(err) {
			break
		}
	}
	return s.translate(ctx, err)
}

// translate turns an outage of the database into fault.ErrUnavailable. It does not change errors of the domain and the
// error of the caller's own ctx.
func (s *Store) translate(ctx context.Context, err error) error {
	switch {
	case err == nil:
		return nil
	case ctx.Err() != nil && errors.Is(err, ctx.Err()):
		return err
	case errors.Is(err, context.DeadlineExceeded), s.engine.outage(err), s.engine.retryable(err):
		return fmt.Errorf("%w: %w", fault.ErrUnavailable, err)
	}
	return err
}
