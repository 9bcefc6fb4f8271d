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
}

// TableName is for gorm.
func (sessionRow) TableName() string { return "sessions" }

type refreshTokenRow struct {
	Hash      []byte `gorm:"primaryKey"`
	SessionID string
}

// TableName is for gorm.
func (refreshTokenRow) TableName() string { return "refresh_tokens" }

func newSessionRow(s account.Session) sessionRow {
	row := sessionRow{
		ID: s.ID, UserID: s.UserID, CreatedAt: s.CreatedAt, LastUsedAt: s.LastUsedAt, ExpiresAt: s.ExpiresAt,
		EndedAt: orNull(s.EndedAt), Client: s.Client, Address: s.Address, LiveHash: s.Live[:], RotatedAt: orNull(s.RotatedAt),
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
		RotatedAt: orZero(r.RotatedAt),
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
	err := s.read(ctx, func(ctx context.Context, db *gorm.DB) (err error) {
		if user, err = gorm.G[userRow](db).Where("id = ?", userID).Take(ctx); err != nil {
			return orNoUser(err)
		}
		session, err = gorm.G[sessionRow](db).Where("id = ? and user_id = ?", sessionID, userID).Take(ctx)
		return orNoSession(err)
	})
	return user.user(), session.session(), err
}

// StartSession implements account.Store.
func (s *Store) StartSession(ctx context.Context, session account.NewSession) (account.User, error) {
	var user userRow
	err := s.write(ctx, func(ctx context.Context, tx *gorm.DB) (err error) {
		user, err = lockUser(ctx, tx, session.UserID, "SHARE")
		if errors.Is(err, account.ErrNoUser) || err == nil && (user.Generation != session.Generation || user.Disabled) {
			return account.ErrStale
		}
		if err != nil {
			return err
		}
		row := newSessionRow(session.Session)
		if err := gorm.G[sessionRow](tx).Create(ctx, &row); err != nil {
			return err
		}
		if err := addRefreshToken(ctx, tx, session.Live, session.ID); err != nil {
			return err
		}
		if err := knowAddress(ctx, tx, user.ID, session.KnownAddress, session.CreatedAt); err != nil {
			return err
		}
		return updateGuesses(ctx, tx, session.Guess.Keys, session.Guess.Change)
	})
	return user.user(), err
}

// UpdateSession implements account.Store.
func (s *Store) UpdateSession(ctx context.Context, token account.RefreshHash,
	update func(account.User, account.Session) account.Session,
) error {
	return s.write(ctx, func(ctx context.Context, tx *gorm.DB) error {
		known, err := gorm.G[refreshTokenRow](tx).Where("hash = ?", token[:]).Take(ctx)
		if err != nil {
			return orNoSession(err)
		}
		owner, err := gorm.G[sessionRow](tx).Select("user_id").Where("id = ?", known.SessionID).Take(ctx)
		if err != nil {
			return orNoSession(err)
		}
		user, err := lockUser(ctx, tx, owner.UserID, "SHARE")
		if errors.Is(err, account.ErrNoUser) {
			return account.ErrNoSession
		}
		if err != nil {
			return err
		}
		row, err := gorm.G[sessionRow](tx, clause.Locking{Strength: "UPDATE"}).Where("id = ?", known.SessionID).Take(ctx)
		if err != nil {
			return orNoSession(err)
		}
		before := row.session()
		return saveSession(ctx, tx, before, update(user.user(), before))
	})
}

// saveSession writes what differs between before and after.
func saveSession(ctx context.Context, tx *gorm.DB, before, after account.Session) error {
	if after == before {
		return nil
	}
	row := newSessionRow(after)
	_, err := gorm.G[sessionRow](tx).Where("id = ?", row.ID).
		Select("last_used_at", "ended_at", "live_hash", "parent_hash", "rotated_at").Updates(ctx, row)
	if err != nil {
		return err
	}
	if after.Live != before.Live {
		if err := addRefreshToken(ctx, tx, after.Live, after.ID); err != nil {
			return err
		}
	}
	if after.EndedAt.IsZero() || !before.EndedAt.IsZero() {
		return nil
	}
	return noteChange(ctx, tx, after.UserID, after.EndedAt)
}

func addRefreshToken(ctx context.Context, tx *gorm.DB, hash account.RefreshHash, sessionID string) error {
	return gorm.G[refreshTokenRow](tx).Create(ctx, &refreshTokenRow{Hash: hash[:], SessionID: sessionID})
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
	err = s.read(ctx, func(ctx context.Context, db *gorm.DB) error {
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

// EndSession implements account.Store.
func (s *Store) EndSession(ctx context.Context, userID int64, sessionID string, at time.Time) error {
	return s.write(ctx, func(ctx context.Context, tx *gorm.DB) error {
		ended, err := gorm.G[sessionRow](tx).
			Where("id = ? and user_id = ? and ended_at is null", sessionID, userID).Update(ctx, "ended_at", at)
		if err != nil {
			return err
		}
		if ended == 0 {
			return account.ErrNoSession
		}
		return noteChange(ctx, tx, userID, at)
	})
}
