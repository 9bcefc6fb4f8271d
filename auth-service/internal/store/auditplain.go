package store

import (
	"context"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

// plain: the row is of the version before, and has the names in clear. That version gave every entry a user as its target.
func (r auditRow) plain() bool { return r.TargetName != "" && r.TargetID != 0 }

// isPlain is plain as a condition, in the words of the indexes.
const isPlain = "target_name <> '' and target_id <> 0"

// sealPlain moves the names of the version before out of rows: under the keys of those who live, to nowhere for all others. It
// takes up to sweepBatch rows, passes over those that another transaction is just doing, and returns how many it did.
func sealPlain(ctx context.Context, tx *gorm.DB, more string, args ...any) (int, error) {
	rows, err := gorm.G[auditRow](tx, clause.Locking{Strength: "UPDATE", Options: "SKIP LOCKED"}).
		Where(isPlain+more, args...).Order("target_id").Limit(sweepBatch).Find(ctx)
	if err != nil || len(rows) == 0 {
		return 0, err
	}
	entries, ids := make([]account.AuditEntry, len(rows)), make([]int64, len(rows))
	for i, r := range rows {
		entries[i], ids[i] = r.entry(), r.ID
	}
	if err := sealPersons(ctx, tx, entries); err != nil {
		return 0, err
	}
	return len(rows), gorm.G[auditRow](tx).Exec(ctx, "update audit_log set target_name = '', address = '',"+
		" actor_name = case when actor_id is null then actor_name else '' end where id in ?", ids)
}

// forgetPlain removes the name of a user who was just deleted from rows of the version before. If there are more than one
// transaction should change, the sweep has the rest.
func forgetPlain(ctx context.Context, tx *gorm.DB, userID int64) error {
	_, err := sealPlain(ctx, tx, " and (target_id = ? or actor_id = ?)", userID, userID)
	return err
}
