package account

import (
	"context"
	"errors"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/password"
)

// Grant is what a user has signed in to: what the access token says, and the refresh token.
type Grant struct {
	User      User
	SessionID string
	Refresh   RefreshToken
	At        time.Time
}

// signInAttempts bounds how often a sign-in starts over because the account changed while its password was verified.
const signInAttempts = 3

// SignIn verifies a name and a password and starts a session. Errors: *fault.InvalidError, ErrWrongCredentials,
// ErrMustChange, *guess.ThrottledError, guess.ErrTooManyAtOnce, password.ErrBusy, fault.ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, c Credentials, from Origin) (Grant, error) {
	p, err := c.prepare()
	if err == nil && c.New != nil {
		p.next, err = s.prepareNext(p, *c.New)
	}
	if err != nil {
		return Grant{}, err
	}
	for range signInAttempts {
		if grant, err := s.trySignIn(ctx, p, from); !errors.Is(err, ErrStale) {
			return grant, err
		}
	}
	return Grant{}, ErrWrongCredentials
}

// trySignIn is SignIn once. The error is ErrStale if the account changed meanwhile.
func (s *Service) trySignIn(ctx context.Context, p prepared, from Origin) (grant Grant, err error) {
	place := s.place(password.SignIn, from)
	defer place.Leave()
	user, attempt, err := s.verify(ctx, place, p, from)
	if err != nil {
		return Grant{}, err
	}
	if user, err = s.changeAtSignIn(ctx, place, user, p.next); err != nil {
		outcome := guess.NotVerified
		if errors.Is(err, ErrMustChange) {
			outcome = guess.Right
		}
		return Grant{}, errors.Join(err, attempt.Finish(ctx, outcome))
	}
	err = attempt.FinishWith(ctx, guess.Right, func(settlement guess.Update) (err error) {
		grant, err = s.startSession(ctx, user, settlement, from)
		return err
	})
	return grant, err
}

// prepareNext applies the policy to the password that a sign-in sets. The error is a *fault.InvalidError.
func (s *Service) prepareNext(p prepared, raw string) (*password.Prepared, error) {
	next, err := preparePassword("new_password", raw)
	if err != nil {
		return nil, err
	}
	if next.Same(p.password) {
		return nil, fault.Invalid("new_password", "The new password must differ from the present one.")
	}
	return &next, s.checkPolicy("new_password", next, p.name)
}

// changeAtSignIn replaces the password of a user who has shown it, if the sign-in brings a new one. All their tokens end, and the
// session that is about to start is of the new generation. Errors: ErrMustChange, ErrStale, password.ErrBusy, fault.ErrUnavailable.
func (s *Service) changeAtSignIn(ctx context.Context, place *password.Place, user User, next *password.Prepared) (User, error) {
	switch {
	case next == nil && user.MustChangePassword:
		return User{}, ErrMustChange
	case next == nil:
		return user, nil
	}
	hash, err := s.cfg.Hasher.Hash(ctx, place, *next)
	if err != nil {
		return User{}, err
	}
	changed, err := s.cfg.Store.UpdateUser(ctx, user.ID, s.now(), func(u User) (Change, error) {
		if u.Generation != user.Generation {
			return Change{}, ErrStale
		}
		return Change{User: u.withPassword(hash), EndSessions: true}, nil
	})
	if errors.Is(err, ErrNoUser) {
		return User{}, ErrStale
	}
	return changed, err
}

// place returns a place in the queue for hashing. Places are shared out between addresses.
func (s *Service) place(kind password.Kind, from Origin) *password.Place {
	return s.cfg.Hasher.Place(password.Claim{Network: guess.Network(from.Address), Kind: kind})
}

// verify finds the user with that name and password. It counts the attempt, and if there is no error, the caller has to
// finish it. verify takes the same time whether there is such a user or not.
func (s *Service) verify(ctx context.Context, place *password.Place, p prepared, from Origin) (User, *guess.Attempt, error) {
	attempt, err := s.cfg.Guesses.SignIn(ctx, guess.Scope{Name: p.name, Address: from.Address}, place)
	if err != nil {
		return User{}, nil, err
	}
	user, err := s.cfg.Store.UserByName(ctx, p.name)
	if err != nil && !errors.Is(err, ErrNoUser) {
		return User{}, nil, errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
	}
	ok, outdated, err := s.cfg.Hasher.Verify(ctx, place, p.password, user.PasswordHash)
	if err != nil {
		return User{}, nil, errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
	}
	if !ok || user.Disabled {
		if err := attempt.Finish(ctx, guess.Wrong); err != nil {
			return User{}, nil, err
		}
		return User{}, nil, ErrWrongCredentials
	}
	if outdated {
		s.rehash(ctx, place, user, p.password)
	}
	return user, attempt, nil
}

// rehash replaces the stored hash by one of today's form and costs. The sign-in succeeds whether that works or not.
func (s *Service) rehash(ctx context.Context, place *password.Place, user User, p password.Prepared) {
	hash, err := s.cfg.Hasher.Hash(ctx, place, p)
	if err == nil {
		_ = s.cfg.Store.ReplacePasswordHash(ctx, user.ID, user.PasswordHash, hash) // the next sign-in tries again
	}
}

func (s *Service) startSession(ctx context.Context, user User, settlement guess.Update, from Origin) (Grant, error) {
	id, err := s.newSessionID()
	if err != nil {
		return Grant{}, err
	}
	refresh, err := s.cfg.RefreshKeys.first(id, s.cfg.Random)
	if err != nil {
		return Grant{}, err
	}
	now := s.now()
	user, err = s.cfg.Store.StartSession(ctx, NewSession{
		Session: Session{
			ID: id, UserID: user.ID, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.cfg.Lifetimes.Session),
			Client: clientName(from.Client), Address: from.Address.String(), Live: refresh.hash(),
		},
		Keep: s.cfg.SessionsPerUser, Generation: user.Generation, KnownAddress: guess.Network(from.Address), Guess: settlement,
	})
	if err != nil {
		return Grant{}, err
	}
	return Grant{User: user, SessionID: id, Refresh: refresh, At: now}, nil
}
