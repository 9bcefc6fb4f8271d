package store

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/rate"
)

type planRow struct {
	Name             string `gorm:"primaryKey"`
	RequestsPerMonth *int64
	RequestsPerDay   *int64
	Rates            string
	InFlight         *int64
	Version          int64
	CreatedAt        time.Time `gorm:"autoCreateTime:false"`
	UpdatedAt        time.Time `gorm:"autoUpdateTime:false"`
}

// TableName is for gorm.
func (planRow) TableName() string { return "plans" }

type planGoneRow struct {
	Name    string `gorm:"primaryKey"`
	Version int64
	GoneAt  time.Time
}

// TableName is for gorm.
func (planGoneRow) TableName() string { return "plans_gone" }

// planRate is a rate in the column rates.
type planRate struct {
	Route string `json:"route"`
	Rate  string `json:"rate"`
	Burst int    `json:"burst"`
}

func (r planRow) plan() (account.Plan, error) {
	p := account.Plan{
		Limits:  account.Limits{PerMonth: r.RequestsPerMonth, PerDay: r.RequestsPerDay, InFlight: r.InFlight},
		Version: r.Version, CreatedAt: r.CreatedAt.UTC(), UpdatedAt: r.UpdatedAt.UTC(),
	}
	if r.Name != account.DefaultPlan {
		p.Name = account.PlanName(r.Name)
	}
	var rates []planRate
	if err := json.Unmarshal([]byte(r.Rates), &rates); err != nil {
		return p, fmt.Errorf("rates of plan %q: %w", r.Name, err)
	}
	for _, one := range rates {
		parsed, ok := rate.Parse(one.Rate)
		if !ok {
			return p, fmt.Errorf("rates of plan %q: %q is none", r.Name, one.Rate)
		}
		p.Rates = append(p.Rates, account.PlanRate{Route: one.Route, Rate: parsed, Burst: one.Burst})
	}
	return p, nil
}

func newPlanRow(p account.Plan) (planRow, error) {
	rates := make([]planRate, len(p.Rates))
	for i, r := range p.Rates {
		rates[i] = planRate{Route: r.Route, Rate: r.Rate.String(), Burst: r.Burst}
	}
	text, err := json.Marshal(rates)
	return planRow{
		Name: p.Name.String(), RequestsPerMonth: p.PerMonth, RequestsPerDay: p.PerDay, Rates: string(text), InFlight: p.InFlight,
		Version: p.Version, CreatedAt: p.CreatedAt, UpdatedAt: p.UpdatedAt,
	}, err
}

func plansOf(rows []planRow) ([]account.Plan, error) {
	plans := make([]account.Plan, 0, len(rows))
	for _, r := range rows {
		p, err := r.plan()
		if err != nil {
			return nil, err
		}
		plans = append(plans, p)
	}
	return plans, nil
}

// PutPlan implements account.Store. The row comes before the change counter, as in all changes: who holds a row that
// another one wants must not wait for that one.
func (s *Store) PutPlan(ctx context.Context, p account.Plan, audit account.AuditEntry, check func(*account.Plan) error,
) (put account.Plan, created bool, err error) {
	err = s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		if _, err := lockPlan(ctx, tx, p.Name, "NO KEY UPDATE"); err != nil && !errors.Is(err, account.ErrPlanNotFound) {
			return err
		}
		number, err := nextNumber(ctx, tx)
		if err != nil {
			return err
		}
		// From here on no other plan changes, and all that changed before is seen.
		before, err := planBefore(ctx, tx, p.Name)
		if err != nil {
			return err
		}
		if err := check(before); err != nil {
			return err
		}
		created = before == nil
		var old account.Limits
		put = p
		put.Version, put.CreatedAt = number, p.UpdatedAt
		if !created {
			old, put.CreatedAt = before.Limits, before.CreatedAt
		}
		row, err := newPlanRow(put)
		if err != nil {
			return err
		}
		if err := writePlan(ctx, tx, row, created); err != nil {
			return err
		}
		entry := audit // audit is the same when this runs again
		entry.Changes = old.Changes(&put.Limits)
		return addAudit(ctx, tx, entry)
	})
	return put, created, err
}

// planBefore reads a plan and locks its row; nil if there is none.
func planBefore(ctx context.Context, tx *gorm.DB, name account.PlanName) (*account.Plan, error) {
	row, err := lockPlan(ctx, tx, name, "NO KEY UPDATE")
	if errors.Is(err, account.ErrPlanNotFound) {
		return nil, nil //nolint:nilnil // there is none, which is no error here
	}
	if err != nil {
		return nil, err
	}
	p, err := row.plan()
	return &p, err
}

// writePlan writes a plan and checks the bounds of all plans together.
func writePlan(ctx context.Context, tx *gorm.DB, row planRow, created bool) error {
	if created {
		if err := gorm.G[planRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		if _, err := gorm.G[planGoneRow](tx).Where("name = ?", row.Name).Delete(ctx); err != nil {
			return err
		}
	} else if _, err := gorm.G[planRow](tx).Where("name = ?", row.Name).
		Select("requests_per_month", "requests_per_day", "rates", "in_flight", "version", "updated_at").Updates(ctx, row); err != nil {
		return err
	}
	type sums struct{ Plans, Bytes int64 }
	all, err := gorm.G[sums](tx).Raw("select count(*) plans, coalesce(sum(length(rates)), 0) bytes from plans where name <> ?",
		account.DefaultPlan).Take(ctx)
	if err != nil {
		return err
	}
	if all.Plans > account.MaxPlans || all.Bytes > account.MaxRatesBytes {
		return account.ErrTooManyPlans
	}
	return nil
}

// lockPlan reads a plan and locks its row. strength is UPDATE if it is to be deleted: that waits for those who are about to
// give the plan to a user.
func lockPlan(ctx context.Context, tx *gorm.DB, name account.PlanName, strength string) (planRow, error) {
	row, err := gorm.G[planRow](tx, clause.Locking{Strength: strength}).Where("name = ?", name.String()).Take(ctx)
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return row, account.ErrPlanNotFound
	}
	return row, err
}

// DeletePlan implements account.Store. The foreign key of users refuses it while somebody has the plan. Invitations have
// no foreign key, because only open ones keep a plan. Nobody can make one while the plan is locked. check comes last, because a
// plan that cannot be deleted is that, whatever the request expects of it (RFC 9110 section 13.2.1).
func (s *Store) DeletePlan(ctx context.Context, name account.PlanName, audit account.AuditEntry, check func(*account.Plan) error) error {
	return s.write(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) error {
		row, err := lockPlan(ctx, tx, name, "UPDATE")
		if err != nil {
			return err
		}
		before, err := row.plan()
		if err != nil {
			return err
		}
		invited, err := gorm.G[invitationRow](tx).Where("plan = ? and "+openInvitation, name.String(), audit.At).Limit(1).Count(ctx, "*")
		switch {
		case err != nil:
			return err
		case invited > 0:
			return account.ErrPlanInUse
		}
		_, err = gorm.G[planRow](tx).Where("name = ?", name.String()).Delete(ctx)
		if errors.Is(err, gorm.ErrForeignKeyViolated) {
			return account.ErrPlanInUse
		}
		if err != nil {
			return err
		}
		if err := check(&before); err != nil {
			return err
		}
		entry := audit
		entry.Changes = before.Changes(&account.Limits{})
		if err := addAudit(ctx, tx, entry); err != nil {
			return err
		}
		number, err := nextNumber(ctx, tx)
		if err != nil {
			return err
		}
		upsert := clause.OnConflict{
			Columns: []clause.Column{{Name: "name"}}, DoUpdates: clause.AssignmentColumns([]string{"version", "gone_at"}),
		}
		return gorm.G[planGoneRow](tx, upsert).Create(ctx, &planGoneRow{Name: name.String(), Version: number, GoneAt: audit.At})
	})
}

// PlanByName implements account.Store.
func (s *Store) PlanByName(ctx context.Context, name account.PlanName) (account.Plan, error) {
	plans, err := s.plans(ctx, s.known(), func(q gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow] {
		return q.Where("name = ?", name.String())
	})
	if err != nil {
		return account.Plan{}, err
	}
	if len(plans) == 0 {
		return account.Plan{}, account.ErrPlanNotFound
	}
	return plans[0], nil
}

// Plans implements account.Store.
func (s *Store) Plans(ctx context.Context, after string, limit int) ([]account.Plan, error) {
	return s.plans(ctx, s.known(), func(q gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow] {
		return q.Where("name > ?", after).Order("name").Limit(limit)
	})
}

// PlanOf implements account.Store. It is one statement: between two, the user could get another plan and the old one be deleted.
func (s *Store) PlanOf(ctx context.Context, userID int64) (account.Plan, error) {
	plans, err := s.plans(ctx, s.known(), func(q gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow] {
		return q.Where("name = coalesce((select plan from users where id = ?), ?)", userID, account.DefaultPlan)
	})
	if err != nil {
		return account.Plan{}, err
	}
	return plans[0], nil
}

// PlansNamed implements account.Store.
func (s *Store) PlansNamed(ctx context.Context, names []string) ([]account.Plan, error) {
	return s.plans(ctx, s.ofGateways(), func(q gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow] {
		if names != nil {
			q = q.Where("name in ?", names)
		}
		return q.Order("name")
	})
}

// PlansOf implements account.Store.
func (s *Store) PlansOf(ctx context.Context, names []string) ([]account.Plan, error) {
	return s.plans(ctx, s.known(), func(q gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow] {
		return q.Where("name in ?", names)
	})
}

func (s *Store) plans(ctx context.Context, a access, which func(gorm.ChainInterface[planRow]) gorm.ChainInterface[planRow],
) (plans []account.Plan, err error) {
	err = s.read(ctx, a, func(ctx context.Context, db *gorm.DB) error {
		rows, err := which(gorm.G[planRow](db).Where("1 = 1")).Find(ctx)
		if err != nil {
			return err
		}
		plans, err = plansOf(rows)
		return err
	})
	return plans, err
}
