package store

import (
	"context"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

// sweepBatch is the most that one sweep removes of a kind, so that nobody waits for it for long.
const sweepBatch = 5000

// Sweep implements account.Store. Each kind goes in a transaction of its own.
func (s *Store) Sweep(ctx context.Context, e account.Expiry) error {
	for _, part := range [...]func(context.Context, *gorm.DB) error{
		func(ctx context.Context, tx *gorm.DB) error {
			_, err := gorm.G[sessionRow](tx).Where("id in (select id from sessions"+
				" where last_used_at <= ? or expires_at <= ? or ended_at <= ? limit ?)",
				e.SessionsIdle, e.SessionsEnded, e.SessionsEnded, sweepBatch).Delete(ctx)
			return err
		},
		func(ctx context.Context, tx *gorm.DB) error {
			_, err := gorm.G[guessRow](tx).Where("key in (select key from guess_counters where forgotten_at <= ? limit ?)",
				e.Now, sweepBatch).Delete(ctx)
			return err
		},
		func(ctx context.Context, tx *gorm.DB) error {
			_, err := gorm.G[knownAddressRow](tx).Where("last_used_at <= ?", e.KnownAddresses).Delete(ctx)
			return err
		},
		func(ctx context.Context, tx *gorm.DB) error { return forgetGone(ctx, tx, e) },
	} {
		if err := s.write(ctx, part); err != nil {
			return err
		}
	}
	return nil
}

// forgetGone forgets the changes of users who are gone, and notes up to which number the feed has holes then.
func forgetGone(ctx context.Context, tx *gorm.DB, e account.Expiry) error {
	gone := "changed_at <= ? and not exists (select 1 from users where users.id = user_changes.user_id)"
	oldest, err := gorm.G[changeRow](tx).Where(gone, e.Changes).Order("number desc").Limit(1).Find(ctx)
	if err != nil || len(oldest) == 0 {
		return err
	}
	if _, err := gorm.G[changeRow](tx).Where(gone, e.Changes).Delete(ctx); err != nil {
		return err
	}
	_, err = gorm.G[counterRow](tx).Where("id = 1").Update(ctx, "pruned", oldest[0].Number)
	return err
}
