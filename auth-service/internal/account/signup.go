package account

import (
	"context"
	"errors"
)

// SignUp says who may register.
type SignUp string

// The modes of signing up.
const (
	SignUpOpen   SignUp = "open"   // anybody
	SignUpInvite SignUp = "invite" // whoever has an invitation
	SignUpClosed SignUp = "closed" // nobody
)

// Applicant is somebody who wants to become a user.
type Applicant struct {
	Credentials
	Invitation *string // as the client sent it; nil for none
}

// Register makes a user. If the name is taken, it returns the user who has it, and created is false; an invitation is then
// still good. Whoever may not register learns nothing about names: those are not looked at before. Errors:
// ErrRegistrationClosed, ErrNotInvited, *fault.InvalidError, *guess.ThrottledError, guess.ErrTooManyAtOnce,
// password.ErrBusy, fault.ErrUnavailable.
func (s *Service) Register(ctx context.Context, a Applicant, from Origin) (user User, created bool, err error) {
	switch {
	case s.cfg.SignUp == SignUpClosed:
		return User{}, false, ErrRegistrationClosed
	case a.Invitation != nil:
		return s.registerInvited(ctx, a.Credentials, *a.Invitation, from)
	case s.cfg.SignUp == SignUpInvite:
		return User{}, false, ErrNotInvited
	}
	return s.register(ctx, a.Credentials, from, NewUser{})
}

// registerInvited is register for somebody with an invitation. Registrations of one name do not share their result: another
// one, with an invitation that is no good, must not learn that the name is taken.
func (s *Service) registerInvited(ctx context.Context, c Credentials, invitation string, from Origin) (User, bool, error) {
	hash, err := hashInvitation(invitation)
	if err != nil {
		return User{}, false, err
	}
	p, err := c.prepare()
	if err != nil {
		return User{}, false, err
	}
	for {
		user, created, err := s.registerAlone(ctx, p, from, NewUser{Invitation: &hash})
		if !errors.Is(err, ErrNameTaken) {
			return user, created, err
		}
	}
}

// checkInvitation gives the new user what the invitation carries; ErrNotInvited. The insertion of the user uses it, unless
// somebody else has used it by then.
func (s *Service) checkInvitation(ctx context.Context, u *NewUser, name string) error {
	found, err := s.cfg.Store.InvitationByHash(ctx, *u.Invitation)
	switch {
	case errors.Is(err, ErrNoInvitation):
		return ErrNotInvited
	case err != nil:
		return err
	case !found.admits(name, s.now()):
		return ErrNotInvited
	}
	u.Plan, u.Roles = found.Plan, found.Roles
	return nil
}
