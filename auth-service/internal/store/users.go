package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

type userRow struct {
	ID           int64 `gorm:"primaryKey;autoIncrement"`
	Username     string
	PasswordHash string
	Role         string
	Disabled     bool
	Generation   int64
	MonthlyQuota *int64
	Plan         *string // nil: the default
	Roles        string
	CreatedAt    time.Time `gorm:"autoCreateTime:false"`
	TOTP         bool      `gorm:"column:totp"`

	MustChangePassword bool
	ResetHash          []byte
	ResetExpiresAt     *time.Time
}

// TableName is for gorm.
func (userRow) TableName() string { return "users" }

func (r userRow) user() account.User {
	u := account.User{
		ID: r.ID, Name: r.Username, PasswordHash: r.PasswordHash, Role: account.Role(r.Role), Disabled: r.Disabled,
		Generation: r.Generation, MonthlyQuota: r.MonthlyQuota, Plan: planName(r.Plan), Roles: account.Roles(r.Roles),
		CreatedAt: r.CreatedAt.UTC(), TOTP: r.TOTP, MustChangePassword: r.MustChangePassword,
		Reset: account.Reset{ExpiresAt: orZero(r.ResetExpiresAt)},
	}
	copy(u.Reset.Hash[:], r.ResetHash)
	return u
}

// resetColumns are those of a reset token, or of none.
func resetColumns(r account.Reset) (hash []byte, expiresAt *time.Time) {
	if r == (account.Reset{}) {
		return nil, nil
	}
	return r.Hash[:], &r.ExpiresAt
}

func planName(column *string) account.PlanName {
	if column == nil {
		return ""
	}
	return account.PlanName(*column)
}

func planColumn(name account.PlanName) *string {
	if name == "" {
		return nil
	}
	column := string(name)
	return &column
}

// firstGeneration is the token generation of a new user.
const firstGeneration = 1

func newUserRow(u account.NewUser) userRow {
	row := userRow{
		Username: u.Name, PasswordHash: u.PasswordHash, Role: string(u.Role), Generation: firstGeneration,
		MonthlyQuota: u.MonthlyQuota, Plan: planColumn(u.Plan), Roles: string(u.Roles), CreatedAt: u.CreatedAt,
		MustChangePassword: u.MustChangePassword,
	}
	row.ResetHash, row.ResetExpiresAt = resetColumns(u.Reset)
	return row
}

// UserByName implements account.Store.
func (s *Store) UserByName(ctx context.Context, name string) (account.User, error) {
	var row userRow
	err := s.read(ctx, s.readsName(), func(ctx context.Context, db *gorm.DB) (err error) {
		row, err = gorm.G[userRow](db).Where("username = ?", name).Take(ctx)
		return orNoUser(err)
	})
	return row.user(), err
}

// UserByID implements account.Store.
func (s *Store) UserByID(ctx context.Context, id int64) (account.User, error) {
	var row userRow
	err := s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) (err error) {
		row, err = gorm.G[userRow](db).Where("id = ?", id).Take(ctx)
		return orNoUser(err)
	})
	return row.user(), err
}

// UserByReset implements account.Store. Anybody may send a token that is none: those who look for one wait together.
func (s *Store) UserByReset(ctx context.Context, hash account.ResetHash) (account.User, error) {
	var row userRow
	err := s.read(ctx, s.readsReset(), func(ctx context.Context, db *gorm.DB) (err error) {
		row, err = gorm.G[userRow](db).Where("reset_hash = ?", hash[:]).Take(ctx)
		return orNoUser(err)
	})
	return row.user(), err
}

// InsertUser implements account.Store.
func (s *Store) InsertUser(ctx context.Context, u account.NewUser) (account.User, error) {
	row := newUserRow(u)
	err := s.giveIDs(ctx, s.unknown(), func(ctx context.Context, tx *gorm.DB) error {
		row.ID = 0
		err := gorm.G[userRow](tx).Create(ctx, &row)
		if errors.Is(err, gorm.ErrDuplicatedKey) {
			return account.ErrNameTaken
		}
		if err == nil && u.Audit != nil {
			entry := *u.Audit
			entry.TargetID = row.ID
			err = addAudit(ctx, tx, entry)
		}
		if err == nil && u.Invitation != nil {
			err = useInvitation(ctx, tx, *u.Invitation, row)
		}
		return orNoPlan(err)
	})
	return row.user(), err
}

// ReplacePasswordHash implements account.Store.
func (s *Store) ReplacePasswordHash(ctx context.Context, userID int64, from, to string) error {
	return s.write(ctx, s.locksUser(userID, ordinary), func(ctx context.Context, tx *gorm.DB) error {
		_, err := gorm.G[userRow](tx).Where("id = ? and password_hash = ?", userID, from).Update(ctx, "password_hash", to)
		return err
	})
}

// lockUser reads a user and locks the row until the transaction ends. strength is UPDATE if the key may change or the
// row may be deleted, else NO KEY UPDATE, which lets others insert rows that refer to the user.
func lockUser(ctx context.Context, tx *gorm.DB, id int64, strength string) (userRow, error) {
	row, err := gorm.G[userRow](tx, clause.Locking{Strength: strength}).Where("id = ?", id).Take(ctx)
	return row, orNoUser(err)
}

// orNoPlan: the only foreign key of a user is the plan.
func orNoPlan(err error) error {
	if errors.Is(err, gorm.ErrForeignKeyViolated) {
		return account.ErrNoPlan
	}
	return err
}

func orNoUser(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return account.ErrNoUser
	}
	return err
}

// UpdateUser implements account.Store.
func (s *Store) UpdateUser(ctx context.Context, userID int64, at time.Time, update func(account.User) (account.Change, error),
) (user account.User, err error) {
	err = s.write(ctx, s.locksUser(userID, changing), func(ctx context.Context, tx *gorm.DB) error {
		row, err := lockUser(ctx, tx, userID, "UPDATE")
		if err != nil {
			return err
		}
		change, err := update(row.user())
		if err != nil {
			return err
		}
		user = change.User
		return changeUser(ctx, tx, row.user(), change, at)
	})
	return user, err
}

func changeUser(ctx context.Context, tx *gorm.DB, before account.User, change account.Change, at time.Time) error {
	if change.Delete {
		if err := eraseUser(ctx, tx, before); err != nil {
			return err
		}
	}
	if change.Audit != nil {
		if err := addAudit(ctx, tx, *change.Audit); err != nil {
			return err
		}
	}
	if change.Delete {
		return noteChange(ctx, tx, before.ID, at)
	}
	if change.User == before {
		return nil
	}
	row := userRow{
		PasswordHash: change.User.PasswordHash, Role: string(change.User.Role), Disabled: change.User.Disabled,
		Generation: change.User.Generation, MonthlyQuota: change.User.MonthlyQuota,
		Plan: planColumn(change.User.Plan), Roles: string(change.User.Roles), MustChangePassword: change.User.MustChangePassword,
	}
	row.ResetHash, row.ResetExpiresAt = resetColumns(change.User.Reset)
	_, err := gorm.G[userRow](tx).Where("id = ?", before.ID).
		Select("password_hash", "role", "disabled", "generation", "monthly_quota", "plan", "roles", "must_change_password",
			"reset_hash", "reset_expires_at").Updates(ctx, row)
	if err != nil {
		return orNoPlan(err)
	}
	if change.EndSessions {
		if _, err := gorm.G[sessionRow](tx).Where("user_id = ?", before.ID).Delete(ctx); err != nil {
			return err
		}
	}
	if err := forgive(ctx, tx, change.Forgive); err != nil {
		return err
	}
	return noteChange(ctx, tx, before.ID, at)
}
