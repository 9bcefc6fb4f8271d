package account

import (
	"context"
	"errors"
)

// Caller is the user who makes a request, as the access token says and the database confirms.
type Caller struct {
	User      User
	SessionID string
}

// Authenticate confirms what a verified access token says: that the user exists, is not disabled, is of that
// generation, and that the session lives. Errors: ErrRefused, fault.ErrUnavailable.
func (s *Service) Authenticate(ctx context.Context, userID int64, sessionID string, generation int64) (Caller, error) {
	user, session, err := s.cfg.Store.UserWithSession(ctx, userID, sessionID)
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrNoSession):
		return Caller{}, ErrRefused
	case err != nil:
		return Caller{}, err
	case user.Disabled, user.Generation != generation, !session.EndedAt.IsZero():
		return Caller{}, ErrRefused
	}
	return Caller{User: user, SessionID: session.ID}, nil
}
