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

// SignIn verifies a name, a password and, if the user's second factor is on, a code, and starts a session. Nothing tells whether
// there is a second factor before the password is right. Errors: *fault.InvalidError, ErrWrongCredentials, ErrCodeRequired,
// ErrWrongCode, ErrFactorLost and ErrMustChange (the Grant then names the user), *guess.ThrottledError, guess.ErrTooManyAtOnce,
// password.ErrBusy, fault.ErrCrowded, fault.ErrUnavailable.
func (s *Service) SignIn(ctx context.Context, c Credentials, from Origin) (Grant, error) {
	p, err := c.prepare()
	if err == nil && c.New != nil {
		p.next, err = s.prepareNext(p, *c.New)
	}
	if err != nil {
		return Grant{}, err
	}
	for range signInAttempts {
		if grant, err := s.trySignIn(ctx, p, c.Code, from); !errors.Is(err, ErrStale) {
			return grant, err
		}
	}
	return Grant{}, ErrWrongCredentials
}

// trySignIn is SignIn once. The error is ErrStale if the account changed meanwhile.
func (s *Service) trySignIn(ctx context.Context, p prepared, code string, from Origin) (grant Grant, err error) {
	place := s.place(password.SignIn, from)
	defer place.Leave()
	user, attempt, err := s.verify(ctx, place, p, from)
	if err != nil {
		return Grant{}, err
	}
	if user.TOTP {
		if err := s.admitCode(ctx, attempt, user, code, from); err != nil {
			return Grant{User: user}, err
		}
	}
	var next string
	if p.next != nil {
		if next, err = s.cfg.Hasher.Hash(ctx, place, *p.next); err != nil {
			return Grant{User: user}, errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
		}
	}
	err = attempt.FinishWith(ctx, guess.Right, func(settlement guess.Update) (err error) {
		grant, err = s.startSession(ctx, user, NewSession{
			Generation: user.Generation, Guess: settlement, Prove: s.proveAtSignIn(user, code, from), Change: changeAtSignIn(user, next),
		}, from)
		return err
	})
	if err != nil {
		return Grant{User: user}, err
	}
	return grant, nil
}

// admitCode admits the code of a sign-in whose password was right. Without a code, the attempt counts neither as wrong nor as
// right: a right password alone must not reset the failures, or it would make every guess of a code free.
func (s *Service) admitCode(ctx context.Context, attempt *guess.Attempt, user User, code string, from Origin) error {
	err := ErrCodeRequired
	if cleanCode(code) != "" {
		err = s.cfg.Guesses.Code(ctx, attempt, guess.Scope{Name: user.Name, Address: from.Address})
	}
	if err != nil {
		return errors.Join(err, attempt.Finish(ctx, guess.NotVerified))
	}
	return nil
}

// prepareNext applies the policy to the password that a sign-in sets. The error is a *fault.InvalidError.
func (s *Service) prepareNext(p prepared, raw string) (*password.Prepared, error) {
	next, err := preparePassword("new_password", raw)
	if err != nil {
		return nil, err
	}
	if next.Same(p.password) {
		return nil, samePassword()
	}
	return &next, s.checkPolicy("new_password", next, p.name)
}

func samePassword() error {
	return fault.Invalid("new_password", "The new password must differ from the present one.")
}

// proveAtSignIn spends the code of a user whose second factor is on.
func (s *Service) proveAtSignIn(user User, code string, from Origin) func(User, Factor) (FactorChange, error) {
	if !user.TOTP {
		return nil
	}
	return func(u User, f Factor) (FactorChange, error) {
		after, entries, err := s.spendCode(u, f, code, from)
		return FactorChange{User: u, Factor: after, Audit: entries}, err
	}
}

// changeAtSignIn gives the user the password with the hash next, if the sign-in brings one. All their tokens end, and the session
// that is about to start is of the new generation. If one is due and there is none, the error is ErrMustChange: whatever the
// sign-in has done until then, spending a code included, has not happened.
func changeAtSignIn(user User, next string) func(User) (Change, error) {
	switch {
	case next != "":
		return func(u User) (Change, error) { return Change{User: u.withPassword(next), EndSessions: true}, nil }
	case user.MustChangePassword:
		return func(User) (Change, error) { return Change{}, ErrMustChange }
	}
	return nil
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

// startSession starts a session of the user. session says what else the sign-in does.
func (s *Service) startSession(ctx context.Context, user User, session NewSession, from Origin) (Grant, error) {
	id, err := s.newSessionID()
	if err != nil {
		return Grant{}, err
	}
	refresh, err := s.cfg.RefreshKeys.first(id, s.cfg.Random)
	if err != nil {
		return Grant{}, err
	}
	now := s.now()
	session.Session = Session{
		ID: id, UserID: user.ID, CreatedAt: now, LastUsedAt: now, ExpiresAt: now.Add(s.cfg.Lifetimes.Session),
		Client: clientName(from.Client), Address: from.Address.String(), Live: refresh.hash(),
	}
	session.Keep, session.KnownAddress = s.cfg.SessionsPerUser, guess.Network(from.Address)
	if user, err = s.cfg.Store.StartSession(ctx, session); err != nil {
		return Grant{}, err
	}
	return Grant{User: user, SessionID: id, Refresh: refresh, At: now}, nil
}
