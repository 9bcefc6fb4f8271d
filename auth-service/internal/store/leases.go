package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

type leaseRow struct {
	Gateway   string    `gorm:"primaryKey"`
	UserID    int64     `gorm:"primaryKey;autoIncrement:false"`
	Month     time.Time `gorm:"primaryKey"`
	Request   int64
	Granted   int64
	Reserved  int64
	ExpiresAt time.Time
}

// TableName is for gorm.
func (leaseRow) TableName() string { return "quota_leases" }

// Lease implements ledger.Store. It locks the user's row, so that grants to one user happen one after the other.
func (s *Store) Lease(ctx context.Context, r ledger.LeaseRequest, now time.Time, where func(ledger.Marks) []ledger.Span,
	decide func(ledger.Account) int64,
) (lease ledger.Lease, err error) {
	err = s.write(ctx, s.ofLease(r.UserID), func(ctx context.Context, tx *gorm.DB) error {
		lease = ledger.Lease{}
		user, err := lockUser(ctx, tx, r.UserID, "NO KEY UPDATE")
		if errors.Is(err, account.ErrNoUser) {
			return nil
		}
		if err != nil {
			return err
		}
		if lease.Account, err = readAccount(ctx, tx, r, now, where); err != nil {
			return err
		}
		if lease.Quota, err = readQuota(ctx, tx, user); err != nil {
			return err
		}
		row, err := gorm.G[leaseRow](tx).
			Where("user_id = ? and month = ? and gateway = ?", r.UserID, r.Month.From, r.Gateway).Take(ctx)
		alive := row.ExpiresAt.After(now)
		var held int64
		if alive {
			held = row.Reserved
		}
		lease.Elsewhere = max(lease.Reserved-held, 0)
		switch {
		case err != nil && !errors.Is(err, gorm.ErrRecordNotFound):
			return err
		case row.Request > r.Number:
			return ledger.ErrStaleLease
		case row.Request == r.Number && alive:
			lease.Granted = row.Granted
			return putLease(ctx, tx, r, now, row.Granted, 0, 0)
		}
		back := min(r.Returned, held)
		lease.Reserved -= back
		lease.Granted = decide(lease.Account)
		lease.Reserved += lease.Granted
		return putLease(ctx, tx, r, now, lease.Granted, lease.Granted, back)
	})
	return lease, err
}

// readQuota reads what decides about the quota of a user whose row is locked: so the user keeps the plan, and the plan stays.
func readQuota(ctx context.Context, tx *gorm.DB, user userRow) (q ledger.MonthlyQuota, err error) {
	q = ledger.MonthlyQuota{Own: user.MonthlyQuota, Other: user.Plan != nil}
	if q.Own == nil {
		var plan planRow
		plan, err = gorm.G[planRow](tx).Select("requests_per_month").Where("name = ?", planName(user.Plan).String()).Take(ctx)
		q.Plan = plan.RequestsPerMonth
	}
	return q, err
}

// readAccount reads used and reserved calls in one statement, so both are of the same moment: a batch moves calls from
// reserved to used, and the sum must not miss them.
func readAccount(ctx context.Context, tx *gorm.DB, r ledger.LeaseRequest, now time.Time, where func(ledger.Marks) []ledger.Span,
) (a ledger.Account, err error) {
	marks, err := readMarks(ctx, tx)
	if err != nil {
		return a, err
	}
	q := &query{}
	q.add("select cast(coalesce((select sum(requests) from (")
	q.spans(where(marks), ledger.Which{}, "", []string{"requests"}, func(q *query) { q.add(" and user_id = ?", r.UserID) })
	q.add(") s), 0) as bigint) used, cast(coalesce((select sum(reserved) from quota_leases"+
		" where user_id = ? and month = ? and expires_at > ?), 0) as bigint) reserved", r.UserID, r.Month.From, now)
	type sums struct{ Used, Reserved int64 }
	found, err := gorm.G[sums](tx).Raw(q.text.String(), q.args...).Take(ctx)
	a.Used, a.Reserved = found.Used, found.Reserved
	return a, err
}

// putLease records the response to a request. It subtracts back from what is reserved, and adds more. A reservation that
// has expired counts as zero.
func putLease(ctx context.Context, tx *gorm.DB, r ledger.LeaseRequest, now time.Time, granted, more, back int64) error {
	row := leaseRow{
		Gateway: r.Gateway, UserID: r.UserID, Month: r.Month.From, Request: r.Number, Granted: granted, Reserved: more,
		ExpiresAt: r.Until,
	}
	return gorm.G[leaseRow](tx, clause.OnConflict{
		Columns: []clause.Column{{Name: "user_id"}, {Name: "month"}, {Name: "gateway"}},
		DoUpdates: clause.Assignments(map[string]any{
			"request": row.Request, "granted": row.Granted, "expires_at": row.ExpiresAt,
			"reserved": gorm.Expr("(case when quota_leases.expires_at > ? and quota_leases.reserved > ?"+
				" then quota_leases.reserved - ? else 0 end) + ?", now, back, back, more),
		}),
	}).Create(ctx, &row)
}

// settleLeases subtracts the calls of a batch from what its gateway has reserved.
func (s *Store) settleLeases(ctx context.Context, tx *gorm.DB, b ledger.Batch) error {
	leases, err := gorm.G[leaseRow](tx).Select("user_id").Where("gateway = ? and reserved > 0", b.Gateway).Find(ctx)
	if err != nil || len(leases) == 0 {
		return err
	}
	leased := make(map[int64]bool, len(leases))
	for _, l := range leases {
		leased[l.UserID] = true
	}
	var delivered []ledger.Row
	for _, r := range b.Rows {
		if leased[r.UserID] && r.Requests > 0 {
			delivered = append(delivered, ledger.Row{
				UserID: r.UserID, Start: ledger.ByMonth.Start(r.Start), Counts: ledger.Counts{Requests: r.Requests},
			})
		}
	}
	return s.engine.bulk.settle(ctx, tx, b.Gateway, ledger.Merge(delivered))
}

// EndLeases implements ledger.Store.
func (s *Store) EndLeases(ctx context.Context, gateway string) error {
	return s.write(ctx, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		_, err := gorm.G[leaseRow](tx).Where("gateway = ?", gateway).Delete(ctx)
		return err
	})
}

// SweepLeases implements ledger.Store.
func (s *Store) SweepLeases(ctx context.Context, before time.Time) error {
	return s.write(ctx, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		_, err := gorm.G[leaseRow](tx).Where("expires_at < ?", before).Delete(ctx)
		return err
	})
}
