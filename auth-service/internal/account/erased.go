package account

import (
	"context"
	"time"
)

// ErasedUser says that a user was deleted.
type ErasedUser struct {
	ID int64
	At time.Time
}

// Erased returns users who were deleted, by id, with ids above after. A database that was restored from an older back-up has
// them again; RemoveUser erases them once more. They are remembered for erasedLife.
func (s *Service) Erased(ctx context.Context, after int64, limit int) ([]ErasedUser, error) {
	return s.cfg.Store.Erased(ctx, after, limit)
}
