package account

import (
	"context"
	"errors"
	"fmt"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// register makes a user with the role and the audit entry of with. If the name is taken, it returns the user who has it, and
// created is false. Errors: *fault.InvalidError, *guess.ThrottledError, guess.ErrTooManyAtOnce, password.ErrBusy,
// fault.ErrUnavailable.
func (s *Service) register(ctx context.Context, c Credentials, from Origin, with NewUser) (user User, created bool, err error) {
	p, err := c.prepare()
	if err != nil {
		return User{}, false, err
	}
	// The insertion may find the name taken, and the user may be deleted before the next lookup. Then the name is free again.
	for {
		user, created, err = s.registering.alone(ctx, p.name, func() (User, bool, error) {
			return s.registerAlone(ctx, p, from, with)
		})
		if !errors.Is(err, ErrNameTaken) {
			return user, created, err
		}
	}
}

// registerAlone registers a name once. If with has an invitation, it is looked at before the name is. Errors: ErrNameTaken,
// ErrNotInvited, those of register.
func (s *Service) registerAlone(ctx context.Context, p prepared, from Origin, with NewUser) (user User, created bool, err error) {
	// The place comes before the first query: a flood of registrations must not reach the database either.
	place := s.place(password.Registration, from)
	defer place.Leave()
	if err := place.EnterInTurn(ctx); err != nil {
		return User{}, false, err
	}
	if with.Invitation != nil {
		if err := s.checkInvitation(ctx, &with, p.name); err != nil {
			return User{}, false, err
		}
	}
	user, err = s.cfg.Store.UserByName(ctx, p.name)
	if err == nil && with.Invitation != nil {
		err = s.checkInvitation(ctx, &with, p.name) // perhaps somebody has used it for this very name meanwhile
	}
	if !errors.Is(err, ErrNoUser) {
		return user, false, err
	}
	if err := s.checkPolicy("password", p.password, p.name); err != nil {
		return User{}, false, err
	}
	attempt, err := s.cfg.Guesses.Registration(ctx, guess.Scope{Address: from.Address}, place)
	if err != nil {
		return User{}, false, err
	}
	user, err = s.insert(ctx, place, p, with)
	if err != nil {
		return User{}, false, errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
	}
	// The user exists now, even if that could not be counted.
	_ = attempt.Finish(ctx, guess.Wrong)
	return user, true, nil
}

func (s *Service) insert(ctx context.Context, place *password.Place, p prepared, u NewUser) (User, error) {
	hash, err := s.cfg.Hasher.Hash(ctx, place, p.password)
	if err != nil {
		return User{}, err
	}
	u.Name, u.PasswordHash, u.CreatedAt = p.name, hash, s.now()
	user, err := s.cfg.Store.InsertUser(ctx, u)
	if err != nil {
		return User{}, fmt.Errorf("register: %w", err)
	}
	return user, nil
}

func (s *Service) checkPolicy(field string, p password.Prepared, name string) error {
	err := s.cfg.Policy.Check(p, name)
	if refused, ok := errors.AsType[*password.RefusedError](err); ok {
		return fault.Invalid(field, refused.Reason)
	}
	return err
}
