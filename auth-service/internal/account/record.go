package account

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Record is what a gateway has to know of a user to decide about their tokens. It is the user's state now. Version
// orders the states, so that a late response never replaces a newer one.
type Record struct {
	UserID       int64
	Exists       bool // if not, all but UserID and Version is zero
	Disabled     bool
	Generation   int64
	Role         Role
	MonthlyQuota *int64
	Version      int64 // the number of the user's last change; 0 if there was none
	Ended        []EndedSession
}

// EndedSession is a session that has ended while access tokens of it may still live.
type EndedSession struct {
	ID    string
	Until time.Time // past it none of its access tokens is valid
}

// Record returns the record of one user, whether there is such a user or not. The token, if it names a session, is one that
// a gateway has verified and is about to accept. Errors: fault.ErrUnavailable.
func (s *Service) Record(ctx context.Context, userID int64, token Presented) (Record, error) {
	if err := s.presented(ctx, userID, token); err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	records, err := s.cfg.Store.Records(ctx, []int64{userID}, s.cfg.Lifetimes.Ended(), s.now())
	if err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	return records[0], nil
}

// presented notes that a gateway is about to accept a token.
func (s *Service) presented(ctx context.Context, userID int64, token Presented) error {
	if !isSessionID(token.SessionID) {
		return nil
	}
	session, err := s.cfg.Store.SessionOf(ctx, userID, token.SessionID)
	switch {
	case errors.Is(err, ErrNoSession):
		return nil
	case err != nil:
		return err
	}
	return s.noteUse(ctx, session, token.TokenID)
}
