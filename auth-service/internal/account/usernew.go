package account

import (
	"context"
	"errors"
	"fmt"

	"tallygate/auth-service/internal/password"
)

// Addition is a user that an administrator makes. Without a password the user gets a reset token, to set the first one with.
type Addition struct {
	Name     string
	Password *string // to be changed at the first sign-in
	Edit     Edit    // what the user is to have
}

// AddUser makes a user and writes it into the audit log, both or neither. The token is the zero value if there is a password.
// Until the user has used it, no password is right. Errors: *fault.InvalidError, ErrNameTaken, password.ErrBusy,
// fault.ErrUnavailable.
func (s *Service) AddUser(ctx context.Context, by Actor, a Addition, from Origin) (User, ResetToken, error) {
	name, err := PrepareName(a.Name)
	if err != nil {
		return User{}, ResetToken{}, err
	}
	now := s.now()
	u := NewUser{Name: name, CreatedAt: now}
	var token ResetToken
	if a.Password != nil {
		u.MustChangePassword = true
		u.PasswordHash, err = s.hashFor(ctx, name, *a.Password, from)
	} else {
		token, u.Reset, err = s.newReset(now)
	}
	if err != nil {
		return User{}, ResetToken{}, err
	}
	u.Audit = &AuditEntry{At: now, Actor: by, Action: "create", TargetName: name, Detail: a.Edit.give(&u)}
	u.Audit.Changes = madeUser(User{Role: u.Role, Plan: u.Plan, Roles: u.Roles, MonthlyQuota: u.MonthlyQuota, MustChangePassword: u.MustChangePassword})
	user, err := s.cfg.Store.InsertUser(ctx, u)
	if err != nil {
		return User{}, ResetToken{}, fmt.Errorf("add user: %w", err)
	}
	return user, token, nil
}

// InviteByName is Invite for one name, which nobody may have. Errors: those of Invite, ErrNameTaken.
func (s *Service) InviteByName(ctx context.Context, by Actor, w Invited) (Invitation, InvitationToken, error) {
	name, err := PrepareName(w.Name)
	if err == nil {
		err = s.nameIsFree(ctx, name)
	}
	if err != nil {
		return Invitation{}, InvitationToken{}, err
	}
	return s.Invite(ctx, by, w)
}

// nameIsFree returns ErrNameTaken if it is not.
func (s *Service) nameIsFree(ctx context.Context, name string) error {
	switch _, err := s.cfg.Store.UserByName(ctx, name); {
	case err == nil:
		return ErrNameTaken
	case !errors.Is(err, ErrNoUser):
		return err
	}
	return nil
}

// hashFor is the hash of a new user's password. The name is looked up first, so that nothing is hashed for one that is taken.
func (s *Service) hashFor(ctx context.Context, name, raw string, from Origin) (string, error) {
	p, err := preparePassword("password", raw)
	if err != nil {
		return "", err
	}
	if err := s.checkPolicy("password", p, name); err != nil {
		return "", err
	}
	if err := s.nameIsFree(ctx, name); err != nil {
		return "", err
	}
	place := s.place(password.Change, from)
	defer place.Leave()
	return s.cfg.Hasher.Hash(ctx, place, p)
}

// give gives a new user what the edit says, and returns that for the audit log.
func (e Edit) give(u *NewUser) string {
	change := e.apply(User{})
	u.Role, u.MonthlyQuota, u.Plan, u.Roles = change.User.Role, change.User.MonthlyQuota, change.User.Plan, change.User.Roles
	if change.Audit == nil {
		return ""
	}
	return change.Audit.Detail
}
