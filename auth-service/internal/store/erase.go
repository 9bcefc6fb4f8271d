package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
)

// erasedRow says that a user was deleted. A trigger adds it.
type erasedRow struct {
	UserID   int64 `gorm:"primaryKey;autoIncrement:false"`
	ErasedAt time.Time
}

// TableName is for gorm.
func (erasedRow) TableName() string { return "erased_users" }

// eraseUser deletes a user, and with them all that is known about the person, also what was counted under a hash of the name. By
// foreign keys these go too: sessions, API keys, known addresses, and the key without which nobody can read the names and addresses in
// the audit log.
func eraseUser(ctx context.Context, tx *gorm.DB, u account.User) error {
	if err := forgetInvited(ctx, tx, u.ID); err != nil {
		return err
	}
	if err := lockKeys(ctx, tx, u.ID); err != nil {
		return err
	}
	if _, err := gorm.G[userRow](tx).Where("id = ?", u.ID).Delete(ctx); err != nil {
		return err
	}
	if err := forgive(ctx, tx, guess.NameKey(u.Name)); err != nil {
		return err
	}
	return forgetPlain(ctx, tx, u.ID)
}

// Erased implements account.Store.
func (s *Store) Erased(ctx context.Context, after int64, limit int) (erased []account.ErasedUser, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		rows, err := gorm.G[erasedRow](db).Where("user_id > ?", after).Order("user_id").Limit(limit).Find(ctx)
		for _, r := range rows {
			erased = append(erased, account.ErasedUser{ID: r.UserID, At: r.ErasedAt.UTC()})
		}
		return err
	})
	return erased, err
}

// overwrite removes what was deleted from the database's log, where only that is possible.
func (s *Store) overwrite(ctx context.Context) error {
	if s.engine.overwrite == nil {
		return nil
	}
	leave, err := s.enter(ctx, s.known(), true)
	if err != nil {
		return err
	}
	defer leave()
	bounded, cancel := context.WithTimeout(ctx, s.timeout)
	defer cancel()
	done, err := s.engine.overwrite(bounded, s.public.pool)
	if err == nil && !done {
		s.log.InfoContext(ctx, "the log of the database is in use: what was deleted stays in it until the next sweep")
	}
	return s.translate(ctx, bounded, err)
}
