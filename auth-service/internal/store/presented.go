package store

import (
	"context"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

// SessionOf implements account.Store.
func (s *Store) SessionOf(ctx context.Context, userID int64, sessionID string) (account.Session, error) {
	var row sessionRow
	err := s.read(ctx, s.ofGateways(), func(ctx context.Context, db *gorm.DB) (err error) {
		row, err = gorm.G[sessionRow](db).Where("id = ? and user_id = ?", sessionID, userID).Take(ctx)
		return orNoSession(err)
	})
	return row.session(), err
}

// MarkUsed implements account.Store. It locks no user: the condition holds when the row is written, so a refresh at the same
// moment either comes later, or has made another token the live one.
func (s *Store) MarkUsed(ctx context.Context, sessionID string, live account.RefreshHash) error {
	return s.write(ctx, s.marksSession(sessionID), func(ctx context.Context, tx *gorm.DB) error {
		_, err := gorm.G[sessionRow](tx).Where("id = ? and live_hash = ? and not used", sessionID, live[:]).Update(ctx, "used", true)
		return err
	})
}
