package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/store/pgconnect"
)

// fullFor is how long a full disk is believed to be full after the last write that met it. A trial write may find room that the
// next change does not.
const fullFor = 2 * time.Second

// outage is what is known of the time in which the database is not available.
type outage struct {
	mu    sync.Mutex
	since time.Time // zero: it is available, as far as anybody knows
	last  time.Time // of the last failure
	cause string
}

// began notes a failure. told is whether it is the first one, or has another cause than the one before.
func (o *outage) began(cause string) (told bool) {
	o.mu.Lock()
	defer o.mu.Unlock()
	o.last = time.Now()
	if o.since.IsZero() {
		o.since = o.last
	}
	told = o.cause != cause
	o.cause = cause
	return told
}

// ended notes that the database takes writes. It returns how long it did not, 0 if it did.
func (o *outage) ended() (after time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.since.IsZero() {
		return 0
	}
	after = time.Since(o.since)
	o.since, o.cause = time.Time{}, ""
	return after
}

// state is the cause, empty if the database is available, and how long ago the last failure was.
func (o *outage) state() (cause string, ago time.Duration) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.cause, time.Since(o.last)
}

// Ready is nil when the database can be used: it is there, and it takes writes. The error is fault.ErrUnavailable, and says why.
func (s *Store) Ready(ctx context.Context) error {
	known, ago := s.outage.state()
	switch {
	case !s.ready.Load() && known == "":
		return fmt.Errorf("%w: the service is starting", fault.ErrUnavailable)
	case !s.ready.Load(), known == pgconnect.DiskFull && ago < fullFor:
		return fmt.Errorf("%w: %s", fault.ErrUnavailable, known)
	}
	ctx, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	if err := s.private.take(ctx, private); err != nil {
		return fmt.Errorf("%w: all connections are in use: %w", fault.ErrUnavailable, err)
	}
	defer s.private.gate.Leave()
	leave, err := s.private.room(ctx)
	if err == nil {
		err = s.engine.probe(ctx, s.private.pool, known != "")
		leave()
	}
	if err != nil {
		if errors.Is(ctx.Err(), context.Canceled) { // whoever asked is gone
			return fmt.Errorf("%w: %w", fault.ErrUnavailable, ctx.Err())
		}
		return fmt.Errorf("%w: %s", fault.ErrUnavailable, s.failed(ctx, err))
	}
	s.succeeded(ctx)
	return nil
}

// failed notes that the database is not available, and returns the cause.
func (s *Store) failed(ctx context.Context, err error) (cause string) {
	cause = s.engine.cause(err)
	if s.outage.began(cause) {
		s.log.WarnContext(ctx, "the database is not available", "cause", cause, "error", err)
	}
	return cause
}

// succeeded notes that the database takes writes.
func (s *Store) succeeded(ctx context.Context) {
	if after := s.outage.ended(); after > 0 {
		s.log.InfoContext(ctx, "the database is available again", "after", after.Round(time.Millisecond).String())
	}
}
