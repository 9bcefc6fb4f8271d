package account

import (
	"context"
	"errors"
	"time"

	"tallygate/auth-service/internal/fault"
)

// AuditEntry is one thing that an administrator did. Names and addresses in it are kept apart, so that a person can be erased
// from it. So they stand in no other member: Detail says nothing about who somebody is.
type AuditEntry struct {
	ID         int64
	At         time.Time
	Actor      Actor
	Action     string
	TargetID   int64  // 0 if it was not done to a user
	TargetName string // empty there, and if the person was erased
	Detail     string
	Changes    []AuditChange // of what makes, edits or deletes a user or a plan; none in entries of versions that did not keep them
}

// AuditChange is a value before and after; nil where there was or is none. Like Detail, it says nothing about who somebody is.
type AuditChange struct {
	Name     string
	From, To *string
}

// changed is a change of a value that there is before and after.
func changed(name, from, to string) AuditChange { return AuditChange{Name: name, From: &from, To: &to} }

// changedQuota is a change of a number that there need not be.
func changedQuota(name string, from, to *int64) AuditChange {
	text := func(n *int64) *string {
		if n == nil {
			return nil
		}
		text := quotaText(n)
		return &text
	}
	return AuditChange{Name: name, From: text(from), To: text(to)}
}

// changedList is a change of a list, which is none if it is empty.
func changedList(name, from, to string) AuditChange {
	text := func(list string) *string {
		if list == "" {
			return nil
		}
		return &list
	}
	return AuditChange{Name: name, From: text(from), To: text(to)}
}

// madeUser are the values of a user, for the entry that makes one: those that not every user has, the role and the plan. No secret is
// among them.
func madeUser(u User) []AuditChange {
	role, plan, yes := u.Role.word(), u.Plan.String(), "true"
	all := []AuditChange{{Name: "role", To: &role}, {Name: "plan", To: &plan}}
	if u.Disabled {
		all = append(all, AuditChange{Name: "disabled", To: &yes})
	}
	if u.MonthlyQuota != nil {
		all = append(all, changedQuota("monthly_quota", nil, u.MonthlyQuota))
	}
	if u.Roles != "" {
		all = append(all, changedList("roles", "", u.Roles.list()))
	}
	if u.MustChangePassword {
		all = append(all, AuditChange{Name: "must_change_password", To: &yes})
	}
	return all
}

// deletedUser are the same values, for the entry that deletes the user.
func deletedUser(u User) []AuditChange {
	all := madeUser(u)
	for i, c := range all {
		all[i] = AuditChange{Name: c.Name, From: c.To}
	}
	return all
}

// isAuditAction reports whether an entry can say that this was done.
func isAuditAction(action string) bool {
	switch action {
	case "create", "import", "edit", "reset", "password", "delete", "invite", "withdraw", "end sessions", "put plan", "delete plan",
		auditFactorOn, auditFactorOff, auditRecoveryCodes, auditRecoveryUsed, "create-key", "rotate-key", "revoke-key":
		return true
	}
	return false
}

// commandLine is the name of an actor who is no user.
const commandLine = "command line"

// AuditFilter says which entries are wanted, in the words of an administrator. What is empty or zero does not matter.
type AuditFilter struct {
	Actor  string // the name or the id of a user, or "command line"
	Target string // the name or the id of a user, or the name of a plan
	Action string
	From   time.Time // included
	To     time.Time // not included
}

// AuditQuery is what a Store reads of the audit log: entries older than Before, or the newest if that is 0.
type AuditQuery struct {
	Actor, Target *AuditParty // nil: whoever
	Action        string
	From, To      time.Time
	Before        int64
	Limit         int
}

// AuditParty is whom an entry names: one of some users, or, by name, what is no user. Without either it is nobody.
type AuditParty struct {
	Users []int64
	Name  string
}

// AuditQuery finds whom the filter means. Errors: *fault.InvalidError about actor, target, action or to, fault.ErrUnavailable.
func (s *Service) AuditQuery(ctx context.Context, f AuditFilter) (q AuditQuery, err error) {
	if f.Action != "" && !isAuditAction(f.Action) {
		return q, fault.Invalid("action", "There is no such action. The description of the call lists them.")
	}
	if !f.From.IsZero() && !f.To.IsZero() && !f.From.Before(f.To) {
		return q, fault.Invalid("to", "The end has to be after the start.")
	}
	q.Action, q.From, q.To = f.Action, f.From, f.To
	if f.Actor == commandLine {
		q.Actor = &AuditParty{Name: commandLine}
	} else if q.Actor, err = s.auditParty(ctx, "actor", f.Actor); err != nil {
		return q, err
	}
	if q.Target, err = s.auditParty(ctx, "target", f.Target); q.Target != nil && isLabel(f.Target) {
		q.Target.Name = f.Target
	}
	return q, err
}

// Audit returns entries, the newest first. Errors: fault.ErrUnavailable.
func (s *Service) Audit(ctx context.Context, q AuditQuery) ([]AuditEntry, error) {
	return s.cfg.Store.Audit(ctx, q)
}

// auditParty finds the users whom text means. A number is an id, and may also be somebody's name. Users who were deleted have
// no name any more, and are found by id.
func (s *Service) auditParty(ctx context.Context, field, text string) (*AuditParty, error) {
	if text == "" {
		return nil, nil
	}
	p := &AuditParty{}
	if id, ok := ParseID(text); ok {
		p.Users = append(p.Users, id)
	}
	name, err := PrepareName(text)
	if err != nil {
		return nil, fault.Invalid(field, "This is neither a name that a user can have nor an id.")
	}
	switch u, err := s.cfg.Store.UserByName(ctx, name); {
	case err == nil:
		p.Users = append(p.Users, u.ID)
	case !errors.Is(err, ErrNoUser):
		return nil, err
	}
	return p, nil
}
