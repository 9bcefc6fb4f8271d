package store

import (
	"context"
	"time"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
)

// Users implements account.Store. It finds the page and then reads the rows of the page.
func (s *Store) Users(ctx context.Context, search account.UserSearch, after string, limit int) (users []account.User, err error) {
	q := &query{}
	q.add("select u.* from (select id from users where username > ?", after)
	if search.Query != "" {
		condition, part := s.engine.names.contains(search.Query)
		q.add(" and ("+condition+" or id = ?)", part, search.ID())
	}
	q.only(search)
	q.add(" order by username limit ?) page join users u on u.id = page.id order by u.username", limit)
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		return s.engine.bulk.planned(ctx, db, func(db *gorm.DB) error {
			rows, err := gorm.G[userRow](db).Raw(q.text.String(), q.args...).Find(ctx)
			users = make([]account.User, len(rows))
			for i := range rows {
				users[i] = rows[i].user()
			}
			return err
		})
	})
	return users, err
}

// only adds the conditions on columns. They have the form of the partial indexes, so that these are used.
func (q *query) only(search account.UserSearch) {
	if search.Role != nil {
		if *search.Role == account.RoleNone {
			q.add(" and role = ''")
		} else {
			q.add(" and role <> '' and role = ?", string(*search.Role))
		}
	}
	if search.Disabled != nil {
		if *search.Disabled {
			q.add(" and disabled")
		} else {
			q.add(" and not disabled")
		}
	}
	if search.Plan != nil {
		if *search.Plan == "" {
			q.add(" and plan is null")
		} else {
			q.add(" and plan = ?", string(*search.Plan))
		}
	}
}

type presenceRow struct {
	UserID     int64
	LastUsedAt time.Time
	Live       int
}

// Of several sessions or keys of a user the last used one. A maximum would lose the column's type, without which SQLite
// returns no time.
const (
	lastSessions = `select user_id, last_used_at, live from (select user_id, last_used_at,
		row_number() over (partition by user_id order by last_used_at desc) place,
		count(case when ended_at is null and expires_at > ? and last_used_at > ? then 1 end) over (partition by user_id) live
		from sessions where user_id in ?) s where place = 1`
	lastKeys = `select user_id, last_used_at from (select user_id, last_used_at,
		row_number() over (partition by user_id order by last_used_at desc) place
		from api_keys where last_used_at is not null and user_id in ?) k where place = 1`
)

// Presences implements account.Store.
func (s *Store) Presences(ctx context.Context, userIDs []int64, now, usedAfter time.Time,
) (found map[int64]account.Presence, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		found = make(map[int64]account.Presence, len(userIDs))
		rows, err := gorm.G[presenceRow](db).Raw(lastSessions, now, usedAfter, userIDs).Find(ctx)
		if err != nil {
			return err
		}
		keys, err := gorm.G[presenceRow](db).Raw(lastKeys, userIDs).Find(ctx)
		for _, r := range append(rows, keys...) {
			p := found[r.UserID]
			p.Sessions += r.Live
			if at := r.LastUsedAt.UTC(); at.After(p.LastSeenAt) {
				p.LastSeenAt = at
			}
			found[r.UserID] = p
		}
		return err
	})
	return found, err
}

// UsersTotals implements ledger.Store.
func (s *Store) UsersTotals(ctx context.Context, userIDs []int64, where func(ledger.Marks) []ledger.Span,
) (totals map[int64]ledger.Counts, err error) {
	err = s.read(ctx, s.known(), func(ctx context.Context, db *gorm.DB) error {
		totals = make(map[int64]ledger.Counts, len(userIDs))
		marks, err := readMarks(ctx, db)
		if err != nil {
			return err
		}
		q := linesQuery(where(marks), ledger.Which{}, func(q *query) { q.add(" and user_id in ?", userIDs) })
		q.add(" group by " + lineKeys(ledger.Which{}, "s.") + ") l left join users u on u.id = l.user_id")
		rows, err := gorm.G[lineRow](db).Raw(q.text.String(), q.args...).Find(ctx)
		for i := range rows {
			totals[rows[i].UserID] = totals[rows[i].UserID].Plus(rows[i].Counts.ledger())
		}
		return err
	})
	return totals, err
}
