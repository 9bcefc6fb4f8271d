package store

import (
	"context"
	"errors"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
)

type sessionRow struct {
	ID         string `gorm:"primaryKey"`
	UserID     int64
	CreatedAt  time.Time `gorm:"autoCreateTime:false"`
	LastUsedAt time.Time
	ExpiresAt  time.Time
	EndedAt    *time.Time
	Client     string
	Address    string
	LiveHash   []byte
	ParentHash []byte
	RotatedAt  *time.Time
	Used       bool
}

// TableName is for gorm.
func (sessionRow) TableName() string { return "sessions" }

func newSessionRow(s account.Session) sessionRow {
	row := sessionRow{
		ID: s.ID, UserID: s.UserID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
		EndedAt: orNull(s.EndedAt), Client: s.Client, Address: s.Address, LiveHash: s.Live[:], RotatedAt: orNull(s.RotatedAt),
		Used: s.Used,
	}
	if s.Parent != (account.RefreshHash{}) {
		row.ParentHash = s.Parent[:]
	}
	return row
}

func (r sessionRow) session() account.Session {
	s := account.Session{
		ID: r.ID, UserID: r.UserID, CreatedAt: r.CreatedAt.UTC(), LastUsedAt: r.LastUsedAt.UTC(),
		ExpiresAt: r.ExpiresAt.UTC(), EndedAt: orZero(r.EndedAt), Client: r.Client, Address: r.Address,
		RotatedAt: orZero(r.RotatedAt), Used: r.Used,
	}
	copy(s.Live[:], r.LiveHash)
	copy(s.Parent[:], r.ParentHash)
	return s
}

func orNull(t time.Time) *time.Time {
	if t.IsZero() {
		return nil
	}
	return &t
}

func orZero(t *time.Time) time.Time {
	if t == nil {
		return time.Time{}
	}
	return t.UTC()
}

// UserWithSession implements account.Store.
func (s *Store) UserWithSession(ctx context.Context, userID int64, sessionID string) (account.User, account.Session, error) {
	var user userRow
	var session sessionRow
	err := s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) (err error) {
		if user, err = gorm.G[userRow](db).Where("id = ?", userID).Take(ctx); err != nil {
			return orNoUser(err)
		}
		session, err = gorm.G[sessionRow](db).Where("id = ? and user_id = ?", sessionID, userID).Take(ctx)
		return orNoSession(err)
	})
	return user.user(), session.session(), err
}

// StartSession implements account.Store.
func (s *Store) StartSession(ctx context.Context, session account.NewSession) (user account.User, err error) {
	rank := ordinary
	if session.Change != nil {
		rank = changing
	}
	turns := s.locksUser(session.UserID, rank)
	turns.some = true
	err = s.write(ctx, turns, func(ctx context.Context, tx *gorm.DB) error {
		// Sign-ins of one user wait for each other. Two at once would both count the sessions, and leave one too many.
		row, err := lockUser(ctx, tx, session.UserID, "NO KEY UPDATE")
		if errors.Is(err, account.ErrNoUser) || err == nil && stale(row, session) {
			return account.ErrStale
		}
		if err != nil {
			return err
		}
		if user, err = admitUser(ctx, tx, row.user(), session); err != nil {
			return err
		}
		if err := dropSessions(ctx, tx, user.ID, session.Keep-1); err != nil {
			return err
		}
		added := newSessionRow(session.Session)
		if err := gorm.G[sessionRow](tx).Create(ctx, &added); err != nil {
			return err
		}
		if err := knowAddress(ctx, tx, user.ID, session.KnownAddress, session.CreatedAt); err != nil {
			return err
		}
		return updateGuesses(ctx, tx, session.Guess)
	})
	return user, err
}

// admitUser spends the code of a sign-in and then makes the change that it brings. It returns the user as they are afterwards.
func admitUser(ctx context.Context, tx *gorm.DB, user account.User, session account.NewSession) (account.User, error) {
	if session.Prove != nil {
		if _, err := changeFactor(ctx, tx, user, session.Prove); err != nil {
			return user, err
		}
	}
	if session.Change == nil {
		return user, nil
	}
	change, err := session.Change(user)
	if err != nil {
		return user, err
	}
	return change.User, changeUser(ctx, tx, user, change, session.CreatedAt)
}

// stale reports whether the user is not the one whose sign-in was verified, or takes a code now or no more.
func stale(user userRow, session account.NewSession) bool {
	return user.Generation != session.Generation || user.Disabled || user.TOTP != (session.Prove != nil)
}

// dropBatch is the most sessions that one sign-in removes, so that it stays quick after SESSIONS_PER_USER was lowered. The
// next sign-ins remove the rest.
const dropBatch = 1000

// dropSessions keeps only the most recently used of a user's sessions that have not ended.
func dropSessions(ctx context.Context, tx *gorm.DB, userID int64, keep int) error {
	_, err := gorm.G[sessionRow](tx).Where("id in (select id from sessions where user_id = ? and ended_at is null"+
		" order by last_used_at desc, id limit ? offset ?)", userID, dropBatch, keep).Delete(ctx)
	return err
}

// UserOfSession implements account.Store.
func (s *Store) UserOfSession(ctx context.Context, sessionID string, shown bool) (account.User, account.Session, error) {
	var user userRow
	var session sessionRow
	turns := s.readsForged()
	if shown {
		turns = s.readsOf(sessionKey(sessionID))
	}
	err := s.read(ctx, turns, func(ctx context.Context, db *gorm.DB) error {
		owner, err := gorm.G[sessionRow](db).Select("user_id").Where("id = ?", sessionID).Take(ctx)
		if err != nil {
			return orNoSession(err)
		}
		// The user first: whoever ends a session raises the generation at the same moment or removes the session. So a session
		// that is there after the user was read was alive at that generation.
		user, err = gorm.G[userRow](db).Where("id = ?", owner.UserID).Take(ctx)
		if errors.Is(err, gorm.ErrRecordNotFound) {
			return account.ErrNoSession
		}
		if err != nil {
			return err
		}
		session, err = gorm.G[sessionRow](db).Where("id = ? and user_id = ?", sessionID, owner.UserID).Take(ctx)
		return orNoSession(err)
	})
	return user.user(), session.session(), err
}

// UpdateSession implements account.Store.
func (s *Store) UpdateSession(ctx context.Context, c account.SessionChange) error {
	rank := ordinary
	if c.Ends {
		rank = revoking
	}
	return s.write(ctx, s.locksUser(c.UserID, rank), func(ctx context.Context, tx *gorm.DB) error {
		// A shared lock is not enough: the end of a session may raise the user's generation.
		user, err := lockUser(ctx, tx, c.UserID, "NO KEY UPDATE")
		if errors.Is(err, account.ErrNoUser) {
			return account.ErrNoSession
		}
		if err != nil {
			return err
		}
		row, err := gorm.G[sessionRow](tx, clause.Locking{Strength: "UPDATE"}).
			Where("id = ? and user_id = ?", c.SessionID, c.UserID).Take(ctx)
		if err != nil {
			return orNoSession(err)
		}
		before := row.session()
		after := c.Update(user.user(), before)
		if after == before {
			return nil
		}
		row = newSessionRow(after)
		_, err = gorm.G[sessionRow](tx).Where("id = ?", row.ID).
			Select("last_used_at", "ended_at", "live_hash", "parent_hash", "rotated_at", "used").Updates(ctx, row)
		if err != nil || after.EndedAt.IsZero() || !before.EndedAt.IsZero() {
			return err
		}
		if err := boundEnded(ctx, tx, after.UserID, after.EndedAt, c.EndedList); err != nil {
			return err
		}
		return noteChange(ctx, tx, after.UserID, after.EndedAt)
	})
}

// EndOtherSessions implements account.Store.
func (s *Store) EndOtherSessions(ctx context.Context, e account.OthersEnd) error {
	return s.write(ctx, s.locksUser(e.UserID, revoking), func(ctx context.Context, tx *gorm.DB) error {
		if _, err := lockUser(ctx, tx, e.UserID, "NO KEY UPDATE"); err != nil {
			return err
		}
		now := e.Now()
		ended, err := gorm.G[sessionRow](tx).Where("user_id = ? and id <> ? and ended_at is null", e.UserID, e.Keep).
			Update(ctx, "ended_at", now)
		if err != nil || ended == 0 {
			return err
		}
		if err := boundEnded(ctx, tx, e.UserID, now, e.EndedList); err != nil {
			return err
		}
		return noteChange(ctx, tx, e.UserID, now)
	})
}

// boundEnded keeps the list of a user's ended sessions within its bounds. When it would grow longer, a new generation
// ends every access token, and the list is no longer needed. The sessions that have not ended get tokens of the new
// generation when they refresh.
func boundEnded(ctx context.Context, tx *gorm.DB, userID int64, now time.Time, list account.EndedList) error {
	_, err := gorm.G[sessionRow](tx).Where("user_id = ? and ended_at <= ?", userID, now.Add(-list.Life)).Delete(ctx)
	if err != nil {
		return err
	}
	listed, err := gorm.G[sessionRow](tx).Where("user_id = ? and ended_at is not null", userID).Count(ctx, "*")
	if err != nil || listed <= int64(list.Max) {
		return err
	}
	if _, err := gorm.G[userRow](tx).Where("id = ?", userID).Update(ctx, "generation", gorm.Expr("generation + 1")); err != nil {
		return err
	}
	_, err = gorm.G[sessionRow](tx).Where("user_id = ? and ended_at is not null", userID).Delete(ctx)
	return err
}

func orNoSession(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return account.ErrNoSession
	}
	return err
}

// Sessions implements account.Store.
func (s *Store) Sessions(ctx context.Context, userID int64, now, usedAfter time.Time, limit int,
) (sessions []account.Session, err error) {
	err = s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) error {
		rows, err := gorm.G[sessionRow](db).
			Where("user_id = ? and ended_at is null and expires_at > ? and last_used_at > ?", userID, now, usedAfter).
			Order("last_used_at desc, id").Limit(limit).Find(ctx)
		for _, r := range rows {
			sessions = append(sessions, r.session())
		}
		return err
	})
	return sessions, err
}
