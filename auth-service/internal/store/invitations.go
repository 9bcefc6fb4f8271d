package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

type invitationRow struct {
	ID          int64 `gorm:"primaryKey;autoIncrement:false"`
	TokenHash   []byte
	CreatedAt   time.Time `gorm:"autoCreateTime:false"`
	CreatedBy   *int64
	ExpiresAt   time.Time
	Username    *string
	Plan        *string
	Roles       string
	UsedAt      *time.Time
	UsedBy      *int64
	WithdrawnAt *time.Time
}

// TableName is for gorm.
func (invitationRow) TableName() string { return "invitations" }

// invitation is the row without the names of persons.
func (r invitationRow) invitation() account.Invitation {
	i := account.Invitation{
		ID: r.ID, CreatedAt: r.CreatedAt.UTC(), ExpiresAt: r.ExpiresAt.UTC(), Plan: planName(r.Plan), Roles: account.Roles(r.Roles),
		UsedAt: orZero(r.UsedAt), WithdrawnAt: orZero(r.WithdrawnAt),
	}
	if r.CreatedBy != nil {
		i.CreatedBy.ID = *r.CreatedBy
	}
	if r.UsedBy != nil {
		i.UsedBy.ID = *r.UsedBy
	}
	if r.Username != nil {
		i.Name = *r.Username
	}
	return i
}

func newInvitationRow(i account.NewInvitation) invitationRow {
	row := invitationRow{
		ID: i.ID, TokenHash: i.Hash[:], CreatedAt: i.CreatedAt, ExpiresAt: i.ExpiresAt, Plan: planColumn(i.Plan), Roles: string(i.Roles),
	}
	if i.CreatedBy.ID != 0 {
		row.CreatedBy = &i.CreatedBy.ID
	}
	if i.Name != "" {
		row.Username = &i.Name
	}
	return row
}

// planKey is the key of a plan.
type planKey struct {
	Name string `gorm:"primaryKey"`
}

// TableName is for gorm.
func (planKey) TableName() string { return "plans" }

// openInvitation is the condition that an invitation can be used at a time.
const openInvitation = "used_at is null and withdrawn_at is null and expires_at > ?"

// InsertInvitation implements account.Store. Of one process, one call counts and adds at a time. Several replicas may add a few
// more than may be open.
func (s *Store) InsertInvitation(ctx context.Context, i account.NewInvitation) error {
	a := access{lane: s.public, lines: s.lockers, key: "invitations"}
	return s.write(ctx, a, func(ctx context.Context, tx *gorm.DB) error {
		open, err := gorm.G[invitationRow](tx).Where(openInvitation, i.CreatedAt).Count(ctx, "*")
		switch {
		case err != nil:
			return err
		case open >= int64(i.MaxOpen):
			return account.ErrTooManyInvitations
		}
		row := newInvitationRow(i)
		if row.Plan != nil {
			// Whoever deletes the plan waits for the end, and then finds the invitation.
			_, err := gorm.G[planKey](tx, clause.Locking{Strength: "KEY SHARE"}).Where("name = ?", *row.Plan).Take(ctx)
			if errors.Is(err, gorm.ErrRecordNotFound) {
				return account.ErrNoPlan
			}
			if err != nil {
				return err
			}
		}
		if err := gorm.G[invitationRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		return addAudit(ctx, tx, i.Audit)
	})
}

// InvitationByHash implements account.Store.
func (s *Store) InvitationByHash(ctx context.Context, hash account.InvitationHash) (account.Invitation, error) {
	var row invitationRow
	err := s.read(ctx, s.readsName(), func(ctx context.Context, db *gorm.DB) (err error) {
		row, err = gorm.G[invitationRow](db).Where("token_hash = ?", hash[:]).Take(ctx)
		return orNoInvitation(err)
	})
	return row.invitation(), err
}

func orNoInvitation(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return account.ErrNoInvitation
	}
	return err
}

// useInvitation is the last step of a registration: of many with one invitation, the first to come here makes the others wait
// for its end, and fail if it succeeds.
func useInvitation(ctx context.Context, tx *gorm.DB, hash account.InvitationHash, user userRow) error {
	used, err := gorm.G[invitationRow](tx).Where("token_hash = ? and "+openInvitation, hash[:], user.CreatedAt).
		Updates(ctx, invitationRow{UsedAt: &user.CreatedAt, UsedBy: &user.ID})
	if err == nil && used == 0 {
		return account.ErrNotInvited
	}
	return err
}

// forgetInvited removes the name of a user who is being deleted from the invitation that was for it.
func forgetInvited(ctx context.Context, tx *gorm.DB, userID int64) error {
	_, err := gorm.G[invitationRow](tx).Where("used_by = ?", userID).Update(ctx, "username", nil)
	return err
}

// Invitations implements account.Store.
func (s *Store) Invitations(ctx context.Context, after account.InvitationPlace, limit int) (found []account.Invitation, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		query := gorm.G[invitationRow](db).Order("created_at desc, id desc").Limit(limit)
		if after != (account.InvitationPlace{}) {
			query = query.Where("(created_at, id) < (?, ?)", after.CreatedAt, after.ID)
		}
		rows, err := query.Find(ctx)
		if err != nil {
			return err
		}
		names, err := namesOf(ctx, db, rows)
		for _, r := range rows {
			i := r.invitation()
			i.CreatedBy.Name, i.UsedBy.Name = names[i.CreatedBy.ID], names[i.UsedBy.ID]
			found = append(found, i)
		}
		return err
	})
	return found, err
}

// namesOf are the names of the persons whom the rows name, by id.
func namesOf(ctx context.Context, db *gorm.DB, rows []invitationRow) (map[int64]string, error) {
	names := map[int64]string{}
	var ids []int64
	for _, r := range rows {
		for _, id := range []*int64{r.CreatedBy, r.UsedBy} {
			if id == nil {
				continue
			}
			if _, known := names[*id]; !known {
				names[*id], ids = "", append(ids, *id)
			}
		}
	}
	if len(ids) == 0 {
		return names, nil
	}
	users, err := gorm.G[userRow](db).Select("id", "username").Where("id in ?", ids).Find(ctx)
	for _, u := range users {
		names[u.ID] = u.Username
	}
	return names, err
}

// WithdrawInvitation implements account.Store.
func (s *Store) WithdrawInvitation(ctx context.Context, id int64, at time.Time, audit account.AuditEntry) error {
	return s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		withdrawn, err := gorm.G[invitationRow](tx).Where("id = ? and used_at is null and withdrawn_at is null", id).
			Update(ctx, "withdrawn_at", at)
		if err != nil {
			return err
		}
		if withdrawn > 0 {
			return addAudit(ctx, tx, audit)
		}
		row, err := gorm.G[invitationRow](tx).Where("id = ?", id).Take(ctx)
		switch {
		case err != nil:
			return orNoInvitation(err)
		case row.UsedAt != nil:
			return account.ErrInvitationUsed
		}
		return account.ErrNoInvitation
	})
}
