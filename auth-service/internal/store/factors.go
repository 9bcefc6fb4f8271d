package store

import (
	"context"
	"crypto/sha256"
	"errors"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

type factorRow struct {
	UserID    int64 `gorm:"primaryKey;autoIncrement:false"`
	Sealed    []byte
	Pending   []byte
	PendingAt *time.Time
	LastStep  int64
	Recovery  []byte
}

// TableName is for gorm.
func (factorRow) TableName() string { return "second_factors" }

func newFactorRow(userID int64, f account.Factor) factorRow {
	row := factorRow{
		UserID: userID, Sealed: f.Sealed, Pending: f.Pending, PendingAt: orNull(f.PendingAt), LastStep: f.LastStep,
		Recovery: make([]byte, 0, len(f.Recovery)*sha256.Size),
	}
	for _, hash := range f.Recovery {
		row.Recovery = append(row.Recovery, hash[:]...)
	}
	return row
}

func (r factorRow) factor() account.Factor {
	f := account.Factor{Sealed: r.Sealed, Pending: r.Pending, PendingAt: orZero(r.PendingAt), LastStep: r.LastStep}
	for hash := range slices.Chunk(r.Recovery, sha256.Size) {
		f.Recovery = append(f.Recovery, account.RecoveryHash(hash))
	}
	return f
}

// UpdateFactor implements account.FactorStore. The lock of the user's row is the factor's too.
func (s *Store) UpdateFactor(ctx context.Context, u account.FactorUpdate) (user account.User, err error) {
	err = s.write(ctx, s.locksUser(u.UserID, changing), func(ctx context.Context, tx *gorm.DB) error {
		row, err := lockUser(ctx, tx, u.UserID, "NO KEY UPDATE")
		if err != nil {
			return err
		}
		change, err := changeFactor(ctx, tx, row.user(), u.Update)
		if err != nil {
			return err
		}
		user = change.User
		changed, err := changeUserOfFactor(ctx, tx, row.user(), change, u)
		if err != nil {
			return err
		}
		if err := updateGuesses(ctx, tx, u.Guess); err != nil || !changed {
			return err
		}
		return noteChange(ctx, tx, u.UserID, u.At)
	})
	return user, err
}

// changeFactor changes the factor of a user whose row is locked, and writes the audit log.
func changeFactor(ctx context.Context, tx *gorm.DB, user account.User,
	update func(account.User, account.Factor) (account.FactorChange, error),
) (account.FactorChange, error) {
	before, err := gorm.G[factorRow](tx).Where("user_id = ?", user.ID).Take(ctx)
	if err != nil && !errors.Is(err, gorm.ErrRecordNotFound) {
		return account.FactorChange{}, err
	}
	change, err := update(user, before.factor())
	if err != nil {
		return change, err
	}
	for _, entry := range change.Audit {
		if err := addAudit(ctx, tx, entry); err != nil {
			return change, err
		}
	}
	after := newFactorRow(user.ID, change.Factor)
	if len(after.Sealed) == 0 && len(after.Pending) == 0 {
		_, err := gorm.G[factorRow](tx).Where("user_id = ?", user.ID).Delete(ctx)
		return change, err
	}
	return change, gorm.G[factorRow](tx, clause.OnConflict{UpdateAll: true}).Create(ctx, &after)
}

// changeUserOfFactor makes the rest of the change, and reports whether gateways have to know of it.
func changeUserOfFactor(ctx context.Context, tx *gorm.DB, before account.User, change account.FactorChange, u account.FactorUpdate,
) (changed bool, err error) {
	if change.User != before {
		changed = true
		_, err := gorm.G[userRow](tx).Where("id = ?", before.ID).Select("totp", "generation").
			Updates(ctx, userRow{TOTP: change.User.TOTP, Generation: change.User.Generation})
		if err != nil {
			return changed, err
		}
	}
	if change.KeepSession == "" {
		return changed, nil
	}
	ended, err := gorm.G[sessionRow](tx).Where("user_id = ? and id <> ? and ended_at is null", before.ID, change.KeepSession).
		Update(ctx, "ended_at", u.At)
	if err != nil || ended == 0 {
		return changed, err
	}
	return true, boundEnded(ctx, tx, before.ID, u.At, u.EndedList)
}

// SealedFactors implements account.FactorStore.
func (s *Store) SealedFactors(ctx context.Context, notBy account.FactorKeyID, after int64, limit int) (list []account.SealedFactor, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		rows, err := gorm.G[factorRow](db).Select("user_id", "sealed").
			Where("user_id > ? and sealed is not null and substr(sealed, 1, ?) <> ?", after, len(notBy), notBy[:]).
			Order("user_id").Limit(limit).Find(ctx)
		for _, r := range rows {
			list = append(list, account.SealedFactor{UserID: r.UserID, Sealed: r.Sealed})
		}
		return err
	})
	return list, err
}

// ReplaceSealed implements account.FactorStore. It locks no user: the condition holds when the row is written.
func (s *Store) ReplaceSealed(ctx context.Context, from account.SealedFactor, to []byte) error {
	return s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		_, err := gorm.G[factorRow](tx).Where("user_id = ? and sealed = ?", from.UserID, from.Sealed).Update(ctx, "sealed", to)
		return err
	})
}
