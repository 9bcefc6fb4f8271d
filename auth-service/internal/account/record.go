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
	TOTP         bool
	MonthlyQuota *int64 // the user's own
	Plan         Plan
	Roles        Roles
	Version      int64 // the number of the user's last change; 0 if there was none
	Ended        []EndedSession
	Keys         []APIKey  // all that are not revoked, the oldest first
	At           time.Time // when the record was asked for
}

// EndedSession is a session that has ended while access tokens of it may still live.
type EndedSession struct {
	ID    string
	Until time.Time // past it none of its access tokens is valid
}

// parts is what the length of a record depends on.
func (r *Record) parts() int {
	n := len(r.Ended) + 4*len(r.Keys)
	for i := range r.Keys {
		n += len(r.Keys[i].Routes)
	}
	return n
}

// Record returns the record of one user, whether there is such a user or not. Errors: fault.ErrUnavailable.
func (s *Service) Record(ctx context.Context, userID int64) (Record, error) {
	records, err := s.cfg.Store.Records(ctx, []int64{userID}, s.cfg.Lifetimes.Ended(), s.now())
	if err != nil {
		return Record{}, fmt.Errorf("record: %w", err)
	}
	return records[0], nil
}

// Present notes that a gateway is about to accept a token, and reports whether the user has or had such a session. A token
// of a session that nobody has heard of is of a history that was lost, whoever has its user's id now. Errors:
// fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) Present(ctx context.Context, token Presented) (known bool, err error) {
	if !isSessionID(token.SessionID) {
		return false, nil
	}
	session, err := s.cfg.Store.SessionOf(ctx, token.UserID, token.SessionID)
	switch {
	case errors.Is(err, ErrNoSession):
		return false, nil
	case err != nil:
		return false, fmt.Errorf("present token: %w", err)
	}
	return true, s.noteUse(ctx, session, token.TokenID)
}
