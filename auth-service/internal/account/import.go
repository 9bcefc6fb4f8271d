package account

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/password"
)

// Imported is a user of another system.
type Imported struct {
	Name         string
	PasswordHash string // of a form that password.Import knows
	Role         Role
	Roles        Roles
	Plan         PlanName
	CreatedAt    time.Time // zero: now
}

// PrepareImport checks a user of another system. The error is a *fault.InvalidError.
func (s *Service) PrepareImport(by Actor, u Imported) (NewUser, error) {
	name, err := PrepareName(u.Name)
	if err != nil {
		return NewUser{}, err
	}
	hash, err := password.Import(u.PasswordHash)
	if refused, ok := errors.AsType[*password.RefusedError](err); ok {
		return NewUser{}, fault.Invalid("password_hash", refused.Reason)
	}
	if err != nil {
		return NewUser{}, err
	}
	now := s.now()
	created := u.CreatedAt.UTC().Truncate(time.Microsecond)
	switch {
	case u.CreatedAt.IsZero():
		created = now
	case created.After(now):
		return NewUser{}, fault.Invalid("created_at", "The time of creation lies in the future.")
	case created.Before(time.Unix(0, 0)):
		return NewUser{}, fault.Invalid("created_at", "The time of creation lies before 1970.")
	}
	audit := &AuditEntry{At: now, Actor: by, Action: "import", TargetName: name, Detail: u.detail()}
	return NewUser{
		Name: name, PasswordHash: hash, Role: u.Role, Roles: u.Roles, Plan: u.Plan, CreatedAt: created, Audit: audit,
	}, nil
}

// detail is what the audit log says beside the name.
func (u *Imported) detail() string {
	var said []string
	if u.Role != RoleNone {
		said = append(said, "role="+string(u.Role))
	}
	if u.Roles != "" {
		said = append(said, "roles="+u.Roles.String())
	}
	if u.Plan != "" {
		said = append(said, "plan="+u.Plan.String())
	}
	return strings.Join(said, " ")
}

// ImportUsers adds users that PrepareImport has made. The first sign-in of each replaces the hash by one of ours. Users whose
// names are taken are not changed; added is the number of the others. All are added or none. Errors: fault.ErrUnavailable.
func (s *Service) ImportUsers(ctx context.Context, users []NewUser) (added int, err error) {
	added, err = s.cfg.Store.InsertUsers(ctx, users)
	if err != nil {
		return 0, fmt.Errorf("import users: %w", err)
	}
	return added, nil
}
