package store

import (
	"context"
	"errors"
	"slices"
	"strings"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// leaseRow is what a gateway holds of a scope. The scope and the gateway are the key.
type leaseRow struct {
	Request   int64
	Granted   int64
	Reserved  int64
	ExpiresAt time.Time
}

// leaseTables are in the order in which a transaction may lock their rows.
func leaseTables() []string { return []string{usersMonths, otherScopes} }

const (
	usersMonths = "quota_leases" // an auth-service of the version before reads and writes it, too
	otherScopes = "scoped_leases"
)

// leasesOf is where leases of a scope are, and what tells the scope apart there.
func leasesOf(s ledger.Scope) (table string, columns []string, values []any) {
	if s.Step == ledger.ByMonth && s.KeyID == 0 {
		return usersMonths, []string{"user_id", "month"}, []any{s.UserID, s.From}
	}
	return otherScopes, []string{"user_id", "key_id", "step", "start"}, []any{s.UserID, s.KeyID, stepName(s.Step), s.From}
}

func stepName(s ledger.Step) string {
	if s == ledger.ByDay {
		return "day"
	}
	return "month"
}

// ofScope adds the condition that rows of a table of leases are of a scope.
func (q *query) ofScope(s ledger.Scope) {
	_, columns, values := leasesOf(s)
	q.add(strings.Join(columns, " = ? and ")+" = ?", values...)
}

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
		quota, known, err := readQuota(ctx, tx, user, r.Scope)
		if err != nil || !known {
			return err
		}
		if lease.Account, err = readAccount(ctx, tx, r, now, where); err != nil {
			return err
		}
		lease.Quota = quota
		row, err := takeLease(ctx, tx, r)
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
// known is false if the key is gone.
func readQuota(ctx context.Context, tx *gorm.DB, user userRow, of ledger.Scope) (q ledger.MonthlyQuota, known bool, err error) {
	if of.KeyID != 0 {
		key, err := gorm.G[apiKeyRow](tx).Select("monthly_quota").Where("id = ? and user_id = ?", of.KeyID, of.UserID).Take(ctx)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return q, false, nil
		}
		return ledger.MonthlyQuota{Own: key.MonthlyQuota, Other: true}, true, err
	}
	q = ledger.MonthlyQuota{Own: user.MonthlyQuota, Other: user.Plan != nil}
	if q.Own != nil && of.Step == ledger.ByMonth {
		return q, true, nil
	}
	plan, err := gorm.G[planRow](tx).Select("requests_per_month", "requests_per_day").
		Where("name = ?", planName(user.Plan).String()).Take(ctx)
	if of.Step == ledger.ByDay {
		return ledger.MonthlyQuota{Own: plan.RequestsPerDay, Other: true}, true, err
	}
	q.Plan = plan.RequestsPerMonth
	return q, true, err
}

// readAccount reads used and reserved units in one statement, so both are of the same moment: a batch moves units from
// reserved to used, and the sum must not miss them.
func readAccount(ctx context.Context, tx *gorm.DB, r ledger.LeaseRequest, now time.Time, where func(ledger.Marks) []ledger.Span,
) (a ledger.Account, err error) {
	marks, err := readMarks(ctx, tx)
	if err != nil {
		return a, err
	}
	which := ledger.Which{KeyID: r.KeyID}
	q := &query{}
	q.add("select cast(coalesce((select sum(requests + extra_units) from (")
	q.spans(where(marks), which, "", []string{"requests", "extra_units"}, func(q *query) {
		q.add(" and user_id = ?", r.UserID)
		ofCalls(which)(q)
	})
	table, _, _ := leasesOf(r.Scope)
	q.add(") s), 0) as bigint) used, cast(coalesce((select sum(reserved) from " + table + " where ")
	q.ofScope(r.Scope)
	q.add(" and expires_at > ?), 0) as bigint) reserved", now)
	type sums struct{ Used, Reserved int64 }
	found, err := gorm.G[sums](tx).Raw(q.text.String(), q.args...).Take(ctx)
	a.Used, a.Reserved = found.Used, found.Reserved
	return a, err
}

// takeLease reads what the gateway holds.
func takeLease(ctx context.Context, tx *gorm.DB, r ledger.LeaseRequest) (leaseRow, error) {
	table, _, _ := leasesOf(r.Scope)
	q := &query{}
	q.add("select request, granted, reserved, expires_at from " + table + " where ")
	q.ofScope(r.Scope)
	q.add(" and gateway = ?", r.Gateway)
	return gorm.G[leaseRow](tx).Raw(q.text.String(), q.args...).Take(ctx)
}

// putLease records the response to a request. It subtracts back from what is reserved, and adds more. A reservation that
// has expired counts as zero.
func putLease(ctx context.Context, tx *gorm.DB, r ledger.LeaseRequest, now time.Time, granted, more, back int64) error {
	table, columns, values := leasesOf(r.Scope)
	key := strings.Join(columns, ", ") + ", gateway"
	q := &query{}
	q.add("insert into "+table+" ("+key+", request, granted, reserved, expires_at) values (?"+strings.Repeat(", ?", len(values)+4)+")",
		append(values, r.Gateway, r.Number, granted, more, r.Until)...)
	q.add(" on conflict ("+key+") do update set request = excluded.request, granted = excluded.granted, expires_at = excluded.expires_at,"+
		" reserved = (case when "+table+".expires_at > ? and "+table+".reserved > ? then "+table+".reserved - ? else 0 end) + excluded.reserved",
		now, back, back)
	return gorm.G[leaseRow](tx).Exec(ctx, q.text.String(), q.args...)
}

// settleLeases subtracts what the calls of a batch cost from what its gateway has reserved.
func (s *Store) settleLeases(ctx context.Context, tx *gorm.DB, b ledger.Batch) error {
	held, err := heldBy(ctx, tx, b.Gateway)
	if err != nil || len(held) == 0 {
		return err
	}
	places, leased := make(map[ledger.Scope]int, len(held)), make(map[int64]bool, len(held))
	for i := range held {
		places[held[i].Scope], leased[held[i].UserID] = i, true
	}
	for i := range b.Rows {
		r := &b.Rows[i]
		if r.Units == 0 || !leased[r.UserID] {
			continue
		}
		scopes := []ledger.Scope{
			ledger.UsersMonth(r.UserID, r.Start), ledger.UsersDay(r.UserID, r.Start), ledger.KeysMonth(r.UserID, r.KeyID, r.Start),
		}
		if r.KeyID == 0 {
			scopes = scopes[:2]
		}
		for _, scope := range scopes {
			if place, ok := places[scope]; ok {
				held[place].units += r.Units
			}
		}
	}
	return s.engine.bulk.settle(ctx, tx, b.Gateway, slices.DeleteFunc(held, func(h delivered) bool { return h.units == 0 }))
}

// delivered is what a batch has of a scope.
type delivered struct {
	ledger.Scope
	units int64
}

// heldBy returns the scopes of which a gateway has reserved units.
func heldBy(ctx context.Context, tx *gorm.DB, gateway string) (held []delivered, err error) {
	type scopeRow struct {
		UserID, KeyID int64
		Step          string
		Start         time.Time
	}
	rows, err := gorm.G[scopeRow](tx).Raw("select user_id, cast(0 as bigint) key_id, 'month' step, month start from "+usersMonths+
		" where gateway = ? and reserved > 0 union all select user_id, key_id, step, start from "+otherScopes+
		" where gateway = ? and reserved > 0", gateway, gateway).Find(ctx)
	held = make([]delivered, 0, len(rows))
	for _, r := range rows {
		scope := ledger.UsersMonth(r.UserID, r.Start)
		switch {
		case r.KeyID != 0:
			scope = ledger.KeysMonth(r.UserID, r.KeyID, r.Start)
		case r.Step == "day":
			scope = ledger.UsersDay(r.UserID, r.Start)
		}
		held = append(held, delivered{Scope: scope})
	}
	return held, err
}

// EndLeases implements ledger.Store.
func (s *Store) EndLeases(ctx context.Context, gateway string) error {
	return s.deleteLeases(ctx, "gateway = ?", gateway)
}

// SweepLeases implements ledger.Store.
func (s *Store) SweepLeases(ctx context.Context, before time.Time) error {
	return s.deleteLeases(ctx, "expires_at < ?", before)
}

func (s *Store) deleteLeases(ctx context.Context, condition string, value any) error {
	return s.write(ctx, s.ofGateways(), func(ctx context.Context, tx *gorm.DB) error {
		for _, table := range leaseTables() {
			if err := gorm.G[leaseRow](tx).Exec(ctx, "delete from "+table+" where "+condition, value); err != nil {
				return err
			}
		}
		return nil
	})
}
