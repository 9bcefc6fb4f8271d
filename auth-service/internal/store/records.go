package store

import (
	"context"
	"slices"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
)

// Records implements account.Store. It reads the versions first, so that the rest is at least as new as they say.
func (s *Store) Records(ctx context.Context, userIDs []int64, endedLife time.Duration, now time.Time,
) (records []account.Record, err error) {
	err = s.read(ctx, s.ofGateways(), func(ctx context.Context, db *gorm.DB) error {
		changes, err := gorm.G[changeRow](db).Where("user_id in ?", userIDs).Find(ctx)
		if err != nil {
			return err
		}
		users, err := gorm.G[userRow](db).Where("id in ?", userIDs).Find(ctx)
		if err != nil {
			return err
		}
		ended, err := gorm.G[sessionRow](db).Select("id", "user_id", "ended_at").
			Where("user_id in ? and ended_at > ?", userIDs, now.Add(-endedLife)).Find(ctx)
		if err != nil {
			return err
		}
		keys, err := readKeys(ctx, db, userIDs)
		if err != nil {
			return err
		}
		plans, err := plansFor(ctx, db, users)
		if err != nil {
			return err
		}
		records = assemble(userIDs, changes, users, plans)
		addParts(records, ended, keys, endedLife)
		for i := range records {
			records[i].At = now
		}
		return nil
	})
	return records, err
}

// plansFor reads the plans of users, and the default one for those who are gone. If a plan was deleted since the users were read, they
// have another one by now, and a version that comes later says so.
func plansFor(ctx context.Context, db *gorm.DB, users []userRow) (map[account.PlanName]account.Plan, error) {
	names := []string{account.DefaultPlan}
	for _, u := range users {
		if name := planName(u.Plan).String(); !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	rows, err := gorm.G[planRow](db).Where("name in ?", names).Find(ctx)
	if err != nil {
		return nil, err
	}
	all, err := plansOf(rows)
	plans := make(map[account.PlanName]account.Plan, len(all))
	for _, p := range all {
		plans[p.Name] = p
	}
	return plans, err
}

func assemble(ids []int64, changes []changeRow, users []userRow, plans map[account.PlanName]account.Plan) []account.Record {
	records := make([]account.Record, len(ids))
	at := make(map[int64]*account.Record, len(ids))
	for i, id := range ids {
		records[i].UserID, records[i].Plan = id, plans[""]
		at[id] = &records[i]
	}
	for _, c := range changes {
		at[c.UserID].Version = c.Number
	}
	for _, u := range users {
		r := at[u.ID]
		r.Exists, r.Disabled, r.Generation = true, u.Disabled, u.Generation
		r.Role, r.TOTP, r.MonthlyQuota, r.Roles = account.Role(u.Role), u.TOTP, u.MonthlyQuota, account.Roles(u.Roles)
		r.Plan = plans[planName(u.Plan)]
		r.Plan.Name = planName(u.Plan)
	}
	return records
}

// addParts adds the sessions that have ended, and the keys, to the records of their users.
func addParts(records []account.Record, ended []sessionRow, keys []account.APIKey, endedLife time.Duration) {
	at := make(map[int64]*account.Record, len(records))
	for i := range records {
		at[records[i].UserID] = &records[i]
	}
	for _, e := range ended {
		if r := at[e.UserID]; r.Exists {
			r.Ended = append(r.Ended, account.EndedSession{ID: e.ID, Until: e.EndedAt.Add(endedLife).UTC()})
		}
	}
	for _, k := range keys {
		if r := at[k.UserID]; r.Exists {
			r.Keys = append(r.Keys, k)
		}
	}
}
