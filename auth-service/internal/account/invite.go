package account

import (
	"context"
	"fmt"
	"io"
	"strings"
	"time"

	"tallygate/auth-service/internal/fault"
)

// The bounds of invitations.
const (
	// DefaultInvitationLife is how long an invitation is good if nobody says anything else.
	DefaultInvitationLife = 7 * 24 * time.Hour
	minInvitationLife     = time.Second
	maxInvitationLife     = 90 * 24 * time.Hour
	// MaxOpenInvitations is how many there are at most.
	MaxOpenInvitations = 10_000
	// invitationsKept is how long an invitation is listed after it was used or withdrawn, or has expired.
	invitationsKept = 30 * 24 * time.Hour
)

// Invited is what an invitation is to be.
type Invited struct {
	Name  string // the only one that may be registered with it; empty for any
	Plan  PlanName
	Roles Roles
	Life  time.Duration
}

// NewInvitation is an invitation to add.
type NewInvitation struct {
	Invitation
	Hash    InvitationHash
	Audit   AuditEntry // the entry of the audit log, without the id
	MaxOpen int        // how many may be open, this one included
}

// InvitationPlace is a place in the list of invitations, which begins with the newest.
type InvitationPlace struct {
	CreatedAt time.Time
	ID        int64
}

// Invite makes an invitation, and writes it into the audit log, both or neither. The token can be read now and never again.
// Errors: *fault.InvalidError, ErrNoPlan, ErrTooManyInvitations, fault.ErrUnavailable.
func (s *Service) Invite(ctx context.Context, by Actor, w Invited) (Invitation, InvitationToken, error) {
	i, err := s.newInvitation(by, w)
	if err != nil {
		return Invitation{}, InvitationToken{}, err
	}
	if i.ID, err = s.randomID(); err != nil {
		return Invitation{}, InvitationToken{}, err
	}
	var secret [invitationBytes]byte
	if _, err := io.ReadFull(s.cfg.Random, secret[:]); err != nil {
		return Invitation{}, InvitationToken{}, fmt.Errorf("random bytes: %w", err)
	}
	token := newInvitationToken(secret)
	hash, err := hashInvitation(token.text)
	if err != nil {
		return Invitation{}, InvitationToken{}, err
	}
	err = s.cfg.Store.InsertInvitation(ctx, NewInvitation{
		Invitation: i, Hash: hash, MaxOpen: MaxOpenInvitations,
		Audit: AuditEntry{At: i.CreatedAt, Actor: by, Action: "invite", Detail: i.detail()},
	})
	if err != nil {
		return Invitation{}, InvitationToken{}, fmt.Errorf("invite: %w", err)
	}
	return i, token, nil
}

func (s *Service) newInvitation(by Actor, w Invited) (i Invitation, err error) {
	if w.Life < minInvitationLife || w.Life > maxInvitationLife {
		return i, wrongInvitationLife()
	}
	now := s.now()
	i = Invitation{
		CreatedAt: now, CreatedBy: Person{by.ID, by.Name}, ExpiresAt: now.Add(w.Life).Truncate(time.Microsecond),
		Plan: w.Plan, Roles: w.Roles,
	}
	if w.Name != "" {
		i.Name, err = PrepareName(w.Name)
	}
	return i, err
}

// InvitationLife is a number of seconds from a client. The error is a *fault.InvalidError.
func InvitationLife(seconds int64) (time.Duration, error) {
	if seconds < 1 || seconds > int64(maxInvitationLife/time.Second) {
		return 0, wrongInvitationLife()
	}
	return time.Duration(seconds) * time.Second, nil
}

func wrongInvitationLife() error {
	return fault.Invalid("expires_in", fmt.Sprintf("An invitation is good for 1 to %d seconds (90 days).", maxInvitationLife/time.Second))
}

// detail is for the audit log, whose entries are never erased: it names nobody.
func (i Invitation) detail() string {
	words := []string{"invitation=" + i.IDText()}
	if i.Plan != "" {
		words = append(words, "plan="+i.Plan.String())
	}
	if i.Roles != "" {
		words = append(words, "roles="+i.Roles.String())
	}
	return strings.Join(words, " ")
}

// Invitations returns invitations from before that place, the newest first. The zero place is before the newest.
func (s *Service) Invitations(ctx context.Context, after InvitationPlace, limit int) ([]Invitation, error) {
	return s.cfg.Store.Invitations(ctx, after, limit)
}

// StateOf is the state of an invitation now.
func (s *Service) StateOf(i Invitation) InvitationState { return i.State(s.now()) }

// WithdrawInvitation makes an invitation void, and writes it into the audit log, both or neither. Errors: ErrNoInvitation,
// also if it was withdrawn before, ErrInvitationUsed, fault.ErrUnavailable.
func (s *Service) WithdrawInvitation(ctx context.Context, by Actor, id int64) error {
	now := s.now()
	return s.cfg.Store.WithdrawInvitation(ctx, id, now, AuditEntry{
		At: now, Actor: by, Action: "withdraw", Detail: Invitation{ID: id}.detail(),
	})
}
