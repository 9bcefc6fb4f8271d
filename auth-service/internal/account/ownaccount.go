package account

import (
	"context"
	"errors"
	"fmt"

	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// maxSessions is how many sessions a listing shows, the last used first.
const maxSessions = 100

// Sessions returns where the user is signed in.
func (s *Service) Sessions(ctx context.Context, userID int64) ([]Session, error) {
	life := s.cfg.Lifetimes
	now := s.now()
	return s.cfg.Store.Sessions(ctx, userID, now, now.Add(-life.SessionIdle), maxSessions)
}

// EndSession ends one of the user's sessions: its refresh token is refused from now on, its access tokens as soon as
// the gateways hear of it. Errors: ErrNoSession, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) EndSession(ctx context.Context, userID int64, sessionID string) error {
	if !isSessionID(sessionID) {
		return ErrNoSession
	}
	found := ErrNoSession
	err := s.cfg.Store.UpdateSession(ctx, SessionChange{
		UserID: userID, SessionID: sessionID, Ends: true, EndedList: s.endedList(),
		Update: func(_ User, session Session) Session {
			found = ErrNoSession // a transaction may be tried again
			if session.EndedAt.IsZero() {
				// The time is taken here, where nobody can refresh any more, so no token of the session is newer.
				session.EndedAt, found = s.now(), nil
			}
			return session
		},
	})
	if err != nil {
		return err
	}
	return found
}

// EndOtherSessions ends the caller's sessions, except the one that they call with. Errors: ErrRefused, fault.ErrCrowded,
// fault.ErrUnavailable.
func (s *Service) EndOtherSessions(ctx context.Context, who Caller) error {
	err := s.cfg.Store.EndOtherSessions(ctx, OthersEnd{
		UserID: who.User.ID, Keep: who.SessionID, Now: s.now, EndedList: s.endedList(),
	})
	if errors.Is(err, ErrNoUser) {
		return ErrRefused // the account was deleted meanwhile
	}
	return err
}

// ChangePassword replaces the caller's password and ends all their tokens. Errors: *fault.InvalidError,
// ErrWrongCredentials, *guess.ThrottledError, guess.ErrTooManyAtOnce, password.ErrBusy, fault.ErrUnavailable.
func (s *Service) ChangePassword(ctx context.Context, who Caller, current, next string, from Origin) error {
	currentPassword, err := preparePassword("current_password", current)
	if err != nil {
		return err
	}
	nextPassword, err := preparePassword("new_password", next)
	if err != nil {
		return err
	}
	if who.User.MustChangePassword && nextPassword.Same(currentPassword) {
		return samePassword()
	}
	if err := s.checkPolicy("new_password", nextPassword, who.User.Name); err != nil {
		return err
	}
	user, err := s.confirm(ctx, who, currentPassword, from)
	if err != nil {
		return err
	}
	hash, err := s.cfg.Hasher.Hash(ctx, s.place(password.Change, from), nextPassword)
	if err != nil {
		return err
	}
	return s.changeOwn(ctx, user, func(u User) Change {
		return Change{User: u.withPassword(hash), EndSessions: true}
	})
}

// DeleteAccount removes the caller and ends all their tokens. The name is free again. The id is never given to anybody
// else. Errors: those of ChangePassword.
func (s *Service) DeleteAccount(ctx context.Context, who Caller, current string, from Origin) error {
	p, err := preparePassword("password", current)
	if err != nil {
		return err
	}
	user, err := s.confirm(ctx, who, p, from)
	if err != nil {
		return err
	}
	return s.changeOwn(ctx, user, func(u User) Change { return Change{User: u, Delete: true} })
}

// confirm verifies the caller's own password. A thief of the token can guess here too, so it counts as a sign-in does.
func (s *Service) confirm(ctx context.Context, who Caller, p password.Prepared, from Origin) (User, error) {
	user, attempt, err := s.verify(ctx, s.place(password.Change, from), prepared{name: who.User.Name, password: p}, from)
	if err != nil {
		return User{}, err
	}
	if user.ID != who.User.ID { // the name belongs to somebody else now
		return User{}, errors.Join(ErrRefused, attempt.Finish(ctx, guess.NotVerified))
	}
	return user, attempt.Finish(ctx, guess.Right)
}

// changeOwn changes a user whose password was verified, unless the account has changed since.
func (s *Service) changeOwn(ctx context.Context, verified User, change func(User) Change) error {
	_, err := s.cfg.Store.UpdateUser(ctx, verified.ID, s.now(), func(u User) (Change, error) {
		if u.Generation != verified.Generation {
			return Change{}, ErrStale
		}
		return change(u), nil
	})
	switch {
	case errors.Is(err, ErrNoUser), errors.Is(err, ErrStale):
		return ErrRefused // that change has ended the caller's token too
	case err != nil:
		return fmt.Errorf("change account: %w", err)
	}
	return nil
}
