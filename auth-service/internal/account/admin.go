package account

import (
	"context"
	"fmt"
	"strconv"
	"strings"
)

// Actor is who changes somebody else's account.
type Actor struct {
	ID      int64  // 0 for the command line
	Name    string // "command line" there; empty if the person was erased, in an entry of the audit log
	Address string // empty in both cases
}

// Edit is a change that an administrator makes. nil changes nothing.
type Edit struct {
	Disabled *bool
	Role     *Role
	Quota    *Quota
	Plan     *PlanName
	Roles    *Roles
	// MustChangePassword: the next sign-in has to bring a new password. Sessions go on.
	MustChangePassword *bool
}

// Quota is a monthly number of requests, or none.
type Quota struct {
	Limit *int64
}

// EditUser changes somebody's account and writes it into the audit log, both or neither. Disabling ends every token of
// the user. Taking a role away ends every access token, because those carry it. Errors: ErrNoUser, ErrOwnAccount, ErrNoPlan,
// ErrChangedMeanwhile, *fault.InvalidError, fault.ErrUnavailable.
func (s *Service) EditUser(ctx context.Context, by Actor, userID int64, e Edit, when If[User]) (User, error) {
	if by.ID == userID && (e.Disabled != nil || e.Role != nil) {
		return User{}, ErrOwnAccount
	}
	now := s.now()
	user, err := s.cfg.Store.UpdateUser(ctx, userID, now, func(u User) (Change, error) {
		if err := when.check(&u); err != nil {
			return Change{}, err
		}
		c := e.apply(u)
		if c.Audit != nil {
			c.Audit.At, c.Audit.Actor = now, by
		}
		return c, nil
	})
	if err != nil {
		return User{}, fmt.Errorf("edit user: %w", err)
	}
	return user, nil
}

// apply returns the change of u that the edit makes.
func (e Edit) apply(u User) Change {
	c := Change{User: u}
	var done []string
	var changes []AuditChange
	if e.Disabled != nil && *e.Disabled != u.Disabled {
		c.User.Disabled = *e.Disabled
		done = append(done, "disabled="+strconv.FormatBool(*e.Disabled))
		changes = append(changes, changed("disabled", strconv.FormatBool(u.Disabled), strconv.FormatBool(*e.Disabled)))
		// Enabling raises it too: a gateway that does not know of it yet sees that the token is newer than its record.
		c.User.Generation, c.EndSessions = u.Generation+1, *e.Disabled
	}
	if e.Role != nil && *e.Role != u.Role {
		c.User.Role = *e.Role
		done = append(done, "role="+string(*e.Role))
		changes = append(changes, changed("role", u.Role.word(), e.Role.word()))
		if *e.Role == RoleNone {
			c.User.Generation = u.Generation + 1
		}
	}
	if e.Quota != nil && !sameQuota(e.Quota.Limit, u.MonthlyQuota) {
		c.User.MonthlyQuota = e.Quota.Limit
		done = append(done, "monthly_quota="+quotaText(e.Quota.Limit))
		changes = append(changes, changedQuota("monthly_quota", u.MonthlyQuota, e.Quota.Limit))
	}
	if e.Plan != nil && *e.Plan != u.Plan {
		c.User.Plan = *e.Plan
		done = append(done, "plan="+e.Plan.String())
		changes = append(changes, changed("plan", u.Plan.String(), e.Plan.String()))
	}
	if e.Roles != nil && *e.Roles != u.Roles {
		c.User.Roles = *e.Roles
		done = append(done, "roles="+e.Roles.String())
		changes = append(changes, changedList("roles", u.Roles.list(), e.Roles.list()))
	}
	if e.MustChangePassword != nil && *e.MustChangePassword != u.MustChangePassword {
		c.User.MustChangePassword = *e.MustChangePassword
		done = append(done, "must_change_password="+strconv.FormatBool(*e.MustChangePassword))
		changes = append(changes, changed("must_change_password", strconv.FormatBool(u.MustChangePassword), strconv.FormatBool(*e.MustChangePassword)))
	}
	if len(done) > 0 {
		c.Audit = &AuditEntry{Action: "edit", TargetID: u.ID, TargetName: u.Name, Detail: strings.Join(done, " "), Changes: changes}
	}
	return c
}

func sameQuota(a, b *int64) bool {
	if a == nil || b == nil {
		return a == b
	}
	return *a == *b
}

func quotaText(limit *int64) string {
	if limit == nil {
		return "none"
	}
	return strconv.FormatInt(*limit, 10)
}

// RemoveUser deletes somebody's account and writes it into the audit log. Errors: ErrNoUser, ErrOwnAccount,
// ErrChangedMeanwhile, fault.ErrUnavailable.
func (s *Service) RemoveUser(ctx context.Context, by Actor, userID int64, when If[User]) error {
	if by.ID == userID {
		return ErrOwnAccount
	}
	now := s.now()
	_, err := s.cfg.Store.UpdateUser(ctx, userID, now, func(u User) (Change, error) {
		if err := when.check(&u); err != nil {
			return Change{}, err
		}
		entry := &AuditEntry{At: now, Actor: by, Action: "delete", TargetID: u.ID, TargetName: u.Name, Changes: deletedUser(u)}
		return Change{User: u, Delete: true, Audit: entry}, nil
	})
	if err != nil {
		return fmt.Errorf("remove user: %w", err)
	}
	return nil
}

// SessionsOf returns where somebody is signed in. Errors: ErrNoUser, fault.ErrUnavailable.
func (s *Service) SessionsOf(ctx context.Context, userID int64) ([]Session, error) {
	if _, err := s.User(ctx, userID); err != nil {
		return nil, err
	}
	return s.Sessions(ctx, userID)
}

// EndSessionsOf ends every session and every token of somebody and writes it into the audit log, both or neither. API keys
// go on. Errors: ErrNoUser, fault.ErrUnavailable.
func (s *Service) EndSessionsOf(ctx context.Context, by Actor, userID int64) error {
	now := s.now()
	_, err := s.cfg.Store.UpdateUser(ctx, userID, now, func(u User) (Change, error) {
		entry := &AuditEntry{At: now, Actor: by, Action: "end sessions", TargetID: u.ID, TargetName: u.Name}
		u.Generation++
		return Change{User: u, EndSessions: true, Audit: entry}, nil
	})
	if err != nil {
		return fmt.Errorf("end sessions of user: %w", err)
	}
	return nil
}

// User returns a user. Errors: ErrNoUser, fault.ErrUnavailable.
func (s *Service) User(ctx context.Context, userID int64) (User, error) {
	return s.cfg.Store.UserByID(ctx, userID)
}

// MaxPage is the most that one page of a listing holds.
const MaxPage = 1000

// CreateAdmin registers a user who is an administrator, and writes it into the audit log. Errors: ErrNameTaken, and
// those of Register.
func (s *Service) CreateAdmin(ctx context.Context, by Actor, c Credentials) (User, error) {
	name, err := PrepareName(c.Name)
	if err != nil {
		return User{}, err
	}
	entry := &AuditEntry{At: s.now(), Actor: by, Action: "create", TargetName: name, Detail: "role=admin", Changes: madeUser(User{Role: RoleAdmin})}
	user, created, err := s.register(ctx, c, Origin{}, NewUser{Role: RoleAdmin, Audit: entry})
	if err == nil && !created {
		return User{}, ErrNameTaken
	}
	return user, err
}

// UserByName finds a user. Errors: *fault.InvalidError, ErrNoUser, fault.ErrUnavailable.
func (s *Service) UserByName(ctx context.Context, name string) (User, error) {
	name, err := PrepareName(name)
	if err != nil {
		return User{}, err
	}
	return s.cfg.Store.UserByName(ctx, name)
}

// SetRole gives a user, by name, a role. Errors: *fault.InvalidError, ErrNoUser, fault.ErrUnavailable.
func (s *Service) SetRole(ctx context.Context, by Actor, name string, role Role) (User, error) {
	return s.EditUserByName(ctx, by, name, Edit{Role: &role})
}

// EditUserByName is EditUser for a user of whom the name is known. Errors: those of EditUser.
func (s *Service) EditUserByName(ctx context.Context, by Actor, name string, e Edit) (User, error) {
	user, err := s.UserByName(ctx, name)
	if err != nil {
		return User{}, err
	}
	return s.EditUser(ctx, by, user.ID, e, nil)
}
