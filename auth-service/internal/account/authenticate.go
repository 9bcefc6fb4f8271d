package account

import (
	"context"
	"errors"
	"time"
)

// Caller is the user who makes a request, as the access token says and the database confirms.
type Caller struct {
	User      User
	SessionID string
	KeyID     int64  // the API key that the token stands for, and then there is no session; 0: a sign-in
	KeyQuota  *int64 // the monthly quota of that key; nil: none
	At        time.Time
}

// Presented is what a verified access token says about itself.
type Presented struct {
	UserID     int64
	SessionID  string
	Generation int64
	TokenID    string
	KeyID      int64 // 0: the token is one of a session
}

// Authenticate confirms what a verified access token says: that the user exists, is not disabled, is of that
// generation, and that the session or the API key lives. Errors: ErrRefused, fault.ErrUnavailable.
func (s *Service) Authenticate(ctx context.Context, token Presented) (Caller, error) {
	if token.KeyID != 0 {
		return s.authenticateKey(ctx, token)
	}
	user, session, err := s.cfg.Store.UserWithSession(ctx, token.UserID, token.SessionID)
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrNoSession):
		return Caller{}, ErrRefused
	case err != nil:
		return Caller{}, err
	case user.Disabled, user.Generation != token.Generation, !session.EndedAt.IsZero():
		return Caller{}, ErrRefused
	}
	if err := s.noteUse(ctx, session, token.TokenID); err != nil {
		return Caller{}, err
	}
	return Caller{User: user, SessionID: session.ID, At: s.now()}, nil
}

// noteUse records the first use of an access token that came with the session's live refresh token. Whoever has the one has
// the other, so its parent must not give it away any more.
func (s *Service) noteUse(ctx context.Context, session Session, tokenID string) error {
	if !session.firstUse(LinkOf(tokenID), s.now(), s.cfg.Lifetimes) {
		return nil
	}
	return s.cfg.Store.MarkUsed(ctx, session.ID, session.Live)
}
