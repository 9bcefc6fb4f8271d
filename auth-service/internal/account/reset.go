package account

import (
	"context"
	"errors"
	"fmt"

	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// Reset makes a reset token for a user and writes it into the audit log. It takes the place of an earlier one. Until it is
// used, nothing else changes. Errors: ErrNoUser, fault.ErrUnavailable.
func (s *Service) Reset(ctx context.Context, by Actor, userID int64) (User, ResetToken, error) {
	now := s.now()
	token, reset, err := s.newReset(now)
	if err != nil {
		return User{}, ResetToken{}, err
	}
	user, err := s.cfg.Store.UpdateUser(ctx, userID, now, func(u User) (Change, error) {
		entry := &AuditEntry{At: now, Actor: by, Action: "reset", TargetID: u.ID, TargetName: u.Name}
		u.Reset = reset
		return Change{User: u, Audit: entry}, nil
	})
	if err != nil {
		return User{}, ResetToken{}, fmt.Errorf("reset: %w", err)
	}
	return user, token, nil
}

// ResetByName is Reset of the user of that name. Errors: those of Reset, *fault.InvalidError.
func (s *Service) ResetByName(ctx context.Context, by Actor, name string) (User, ResetToken, error) {
	user, err := s.UserByName(ctx, name)
	if err != nil {
		return User{}, ResetToken{}, err
	}
	return s.Reset(ctx, by, user.ID)
}

// UseReset sets the password of the user whose reset token that is, ends all their tokens, and forgives the failed guesses of
// their name. Errors: *fault.InvalidError, ErrResetNotValid, *guess.ThrottledError, guess.ErrTooManyAtOnce, password.ErrBusy,
// fault.ErrCrowded, fault.ErrUnavailable.
//
// The token is looked up first, and only tokens that are not valid are counted and throttled. A valid one holds 256 random
// bits, so nobody guesses it, and whoever sends rubbish from the same address must not keep its owner out.
func (s *Service) UseReset(ctx context.Context, text, next string, from Origin) (User, error) {
	p, err := preparePassword("new_password", next)
	if err != nil {
		return User{}, err
	}
	hash := hashOfReset(text)
	user, err := s.userOfReset(ctx, hash)
	if err == nil {
		user, err = s.useReset(ctx, user, hash, p, from)
	}
	if !errors.Is(err, ErrResetNotValid) {
		return user, err
	}
	attempt, err := s.cfg.Guesses.Reset(ctx, guess.Scope{Address: from.Address})
	if err != nil {
		return User{}, err
	}
	if err := attempt.Finish(ctx, guess.Wrong); err != nil {
		return User{}, err
	}
	return User{}, ErrResetNotValid
}

// userOfReset finds the user for whom the token is valid; ErrResetNotValid.
func (s *Service) userOfReset(ctx context.Context, hash ResetHash) (User, error) {
	user, err := s.cfg.Store.UserByReset(ctx, hash)
	switch {
	case errors.Is(err, ErrNoUser), err == nil && !user.takes(hash, s.now()):
		return User{}, ErrResetNotValid
	case err != nil:
		return User{}, fmt.Errorf("find reset token: %w", err)
	}
	return user, nil
}

// useReset is UseReset with a token that was valid a moment ago. Of many at once, the first that gets to the user's row wins.
func (s *Service) useReset(ctx context.Context, user User, hash ResetHash, p password.Prepared, from Origin) (User, error) {
	if err := s.checkPolicy("new_password", p, user.Name); err != nil {
		return User{}, err
	}
	place := s.place(password.Change, from)
	defer place.Leave()
	stored, err := s.cfg.Hasher.Hash(ctx, place, p)
	if err != nil {
		return User{}, err
	}
	user, err = s.cfg.Store.UpdateUser(ctx, user.ID, s.now(), func(u User) (Change, error) {
		if !u.takes(hash, s.now()) {
			return Change{}, ErrResetNotValid
		}
		return Change{User: u.withPassword(stored), EndSessions: true, Forgive: guess.NameKey(u.Name)}, nil
	})
	switch {
	case errors.Is(err, ErrNoUser):
		return User{}, ErrResetNotValid
	case err != nil:
		return User{}, fmt.Errorf("use reset token: %w", err)
	}
	return user, nil
}

// SetPassword gives a user, by name, another password, and writes it into the audit log. It ends all their tokens and forgives
// the failed guesses of their name. Errors: *fault.InvalidError, ErrNoUser, password.ErrBusy, fault.ErrUnavailable.
func (s *Service) SetPassword(ctx context.Context, by Actor, name, next string) (User, error) {
	p, err := preparePassword("password", next)
	if err != nil {
		return User{}, err
	}
	user, err := s.UserByName(ctx, name)
	if err != nil {
		return User{}, err
	}
	if err := s.checkPolicy("password", p, user.Name); err != nil {
		return User{}, err
	}
	stored, err := s.cfg.Hasher.Hash(ctx, s.place(password.Change, Origin{}), p)
	if err != nil {
		return User{}, err
	}
	now := s.now()
	user, err = s.cfg.Store.UpdateUser(ctx, user.ID, now, func(u User) (Change, error) {
		entry := &AuditEntry{At: now, Actor: by, Action: "password", TargetID: u.ID, TargetName: u.Name}
		return Change{User: u.withPassword(stored), EndSessions: true, Forgive: guess.NameKey(u.Name), Audit: entry}, nil
	})
	if err != nil {
		return User{}, fmt.Errorf("set password: %w", err)
	}
	return user, nil
}

// withPassword is the user after a change of the password. Every access token ends, and so does what led to the change.
func (u User) withPassword(hash string) User {
	u.PasswordHash, u.Generation = hash, u.Generation+1
	u.MustChangePassword, u.Reset = false, Reset{}
	return u
}
