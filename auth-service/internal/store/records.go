package store

import (
	"context"
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
		records = assemble(userIDs, changes, users, ended, endedLife)
		return nil
	})
	return records, err
}

func assemble(ids []int64, changes []changeRow, users []userRow, ended []sessionRow, endedLife time.Duration) []account.Record {
	records := make([]account.Record, len(ids))
	at := make(map[int64]*account.Record, len(ids))
	for i, id := range ids {
		records[i].UserID = id
		at[id] = &records[i]
	}
	for _, c := range changes {
		at[c.UserID].Version = c.Number
	}
	for _, u := range users {
		r := at[u.ID]
		r.Exists, r.Disabled, r.Generation = true, u.Disabled, u.Generation
		r.Role, r.MonthlyQuota = account.Role(u.Role), u.MonthlyQuota
	}
	for _, e := range ended {
		if r := at[e.UserID]; r.Exists {
			r.Ended = append(r.Ended, account.EndedSession{ID: e.ID, Until: e.EndedAt.Add(endedLife).UTC()})
		}
	}
	return records
}
