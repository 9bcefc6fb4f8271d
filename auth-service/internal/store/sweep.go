package store

import (
	"context"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

// sweepBatch is the most rows that one transaction of a sweep removes, so that nobody waits for it for long.
const sweepBatch = 2000

// Sweep implements account.Store. It repeats its transactions until nothing expired is left: a flood of sign-ins leaves
// more rows than one transaction may remove. At the end nothing that was removed is left in the database's log.
func (s *Store) Sweep(ctx context.Context, e account.Expiry) error {
	for _, batch := range [...]func(context.Context, *gorm.DB) (int, error){
		// Three statements, because no index serves all three conditions at once.
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[sessionRow](tx).Where("id in (select id from sessions where last_used_at <= ? limit ?)",
				e.SessionsIdle, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[sessionRow](tx).Where("id in (select id from sessions where expires_at <= ? limit ?)",
				e.SessionsEnded, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[sessionRow](tx).Where("id in (select id from sessions where ended_at <= ? limit ?)",
				e.SessionsEnded, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[guessRow](tx).Where("key in (select key from guess_counters where forgotten_at <= ? limit ?)",
				e.Now, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[knownAddressRow](tx).Where("(user_id, address) in (select user_id, address from known_addresses"+
				" where last_used_at <= ? limit ?)", e.KnownAddresses, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[invitationRow](tx).Where("id in (select id from invitations where"+
				" coalesce(used_at, withdrawn_at, expires_at) <= ? limit ?)", e.Invitations, sweepBatch).Delete(ctx)
		},
		func(ctx context.Context, tx *gorm.DB) (int, error) { return forgetGone(ctx, tx, e) },
		func(ctx context.Context, tx *gorm.DB) (int, error) { return forgetGonePlans(ctx, tx, e) },
		func(ctx context.Context, tx *gorm.DB) (int, error) { return sealPlain(ctx, tx, "") },
		func(ctx context.Context, tx *gorm.DB) (int, error) {
			return gorm.G[erasedRow](tx).Where("user_id in (select user_id from erased_users where erased_at <= ? limit ?)",
				e.Erased, sweepBatch).Delete(ctx)
		},
	} {
		for removed := sweepBatch; removed >= sweepBatch; {
			err := s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) (err error) {
				removed, err = batch(ctx, tx)
				return err
			})
			if err != nil {
				return err
			}
		}
	}
	return s.overwrite(ctx)
}

// forgetGone removes the old changes of users who are gone. It records the highest number that it removed: up to there
// the feed has holes. Times are not always in the order of numbers, so a higher number may have been recorded before.
func forgetGone(ctx context.Context, tx *gorm.DB, e account.Expiry) (int, error) {
	const gone = "changed_at <= ? and not exists (select 1 from users where users.id = user_changes.user_id)"
	batch, err := gorm.G[changeRow](tx).Where(gone, e.Changes).Order("number").Limit(sweepBatch).Find(ctx)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	last := batch[len(batch)-1].Number
	removed, err := gorm.G[changeRow](tx).Where("number <= ? and "+gone, last, e.Changes).Delete(ctx)
	if err != nil {
		return 0, err
	}
	_, err = gorm.G[counterRow](tx).Where("id = 1 and pruned < ?", last).Update(ctx, "pruned", last)
	return removed, err
}

// forgetGonePlans is forgetGone for plans. Few are deleted: what has a lower number goes too, however old it is.
func forgetGonePlans(ctx context.Context, tx *gorm.DB, e account.Expiry) (int, error) {
	batch, err := gorm.G[planGoneRow](tx).Where("gone_at <= ?", e.Changes).Order("version").Limit(sweepBatch).Find(ctx)
	if err != nil || len(batch) == 0 {
		return 0, err
	}
	last := batch[len(batch)-1].Version
	removed, err := gorm.G[planGoneRow](tx).Where("version <= ?", last).Delete(ctx)
	if err != nil {
		return 0, err
	}
	_, err = gorm.G[counterRow](tx).Where("id = 1 and pruned < ?", last).Update(ctx, "pruned", last)
	return removed, err
}
