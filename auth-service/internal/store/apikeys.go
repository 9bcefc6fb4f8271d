package store

import (
	"context"
	"errors"
	"time"

	"github.com/go-json-experiment/json"
	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/account"
	"tallygate/kit/apikey"
)

type apiKeyRow struct {
	ID            int64 `gorm:"primaryKey;autoIncrement:false"`
	UserID        int64
	Name          string
	Hash          []byte
	PreviousHash  []byte
	PreviousUntil *time.Time
	CreatedAt     time.Time `gorm:"autoCreateTime:false"`
	ExpiresAt     *time.Time
	LastUsedAt    *time.Time
	Routes        *string // a JSON array of names
	MonthlyQuota  *int64
}

// TableName is for gorm.
func (apiKeyRow) TableName() string { return "api_keys" }

func newAPIKeyRow(k *account.APIKey) (apiKeyRow, error) {
	row := apiKeyRow{
		ID: k.ID, UserID: k.UserID, Name: k.Name, Hash: k.Hash[:], PreviousUntil: orNull(k.PreviousUntil), CreatedAt: k.CreatedAt,
		ExpiresAt: orNull(k.ExpiresAt), LastUsedAt: orNull(k.LastUsedAt), MonthlyQuota: k.MonthlyQuota,
	}
	if k.Previous != (apikey.Digest{}) {
		row.PreviousHash = k.Previous[:]
	}
	if k.Routes != nil {
		names, err := json.Marshal(k.Routes)
		if err != nil {
			return row, err
		}
		text := string(names)
		row.Routes = &text
	}
	return row, nil
}

func (r apiKeyRow) key() (account.APIKey, error) {
	k := account.APIKey{
		ID: r.ID, UserID: r.UserID, Name: r.Name, PreviousUntil: orZero(r.PreviousUntil), CreatedAt: r.CreatedAt.UTC(),
		ExpiresAt: orZero(r.ExpiresAt), LastUsedAt: orZero(r.LastUsedAt), MonthlyQuota: r.MonthlyQuota,
	}
	copy(k.Hash[:], r.Hash)
	copy(k.Previous[:], r.PreviousHash)
	if r.Routes == nil {
		return k, nil
	}
	return k, json.Unmarshal([]byte(*r.Routes), &k.Routes)
}

// readKeys reads the keys of users, the oldest first.
func readKeys(ctx context.Context, db *gorm.DB, userIDs []int64) ([]account.APIKey, error) {
	rows, err := gorm.G[apiKeyRow](db).Where("user_id in ?", userIDs).Order("created_at, id").Find(ctx)
	if err != nil {
		return nil, err
	}
	keys := make([]account.APIKey, len(rows))
	for i := range rows {
		if keys[i], err = rows[i].key(); err != nil {
			return nil, err
		}
	}
	return keys, nil
}

// Keys implements account.Store.
func (s *Store) Keys(ctx context.Context, userID int64) (keys []account.APIKey, err error) {
	err = s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) (err error) {
		keys, err = readKeys(ctx, db, []int64{userID})
		return err
	})
	return keys, err
}

// UserWithKey implements account.Store.
func (s *Store) UserWithKey(ctx context.Context, userID, keyID int64) (account.User, account.APIKey, error) {
	var user userRow
	var key account.APIKey
	err := s.read(ctx, s.readsOf(userKey(userID)), func(ctx context.Context, db *gorm.DB) (err error) {
		if user, err = gorm.G[userRow](db).Where("id = ?", userID).Take(ctx); err != nil {
			return orNoUser(err)
		}
		row, err := gorm.G[apiKeyRow](db).Where("id = ? and user_id = ?", keyID, userID).Take(ctx)
		if err != nil {
			return orNoKey(err)
		}
		key, err = row.key()
		return err
	})
	return user.user(), key, err
}

// KeyOwner implements account.Store. It reads one row, by an index for each of the two hashes.
func (s *Store) KeyOwner(ctx context.Context, hash apikey.Digest) (userID int64, err error) {
	err = s.read(ctx, s.opensKey(), func(ctx context.Context, db *gorm.DB) error {
		row, err := gorm.G[apiKeyRow](db).Select("user_id").Where("hash = ? or previous_hash = ?", hash[:], hash[:]).Take(ctx)
		userID = row.UserID
		return orNoKey(err)
	})
	return userID, err
}

func orNoKey(err error) error {
	if errors.Is(err, gorm.ErrRecordNotFound) {
		return account.ErrNoKey
	}
	return err
}

// UpdateKeys implements account.Store.
func (s *Store) UpdateKeys(ctx context.Context, c account.KeysChange) error {
	rank := ordinary
	if c.Ends {
		rank = revoking
	}
	return s.write(ctx, s.locksUser(c.UserID, rank), func(ctx context.Context, tx *gorm.DB) error {
		user, err := lockUser(ctx, tx, c.UserID, "NO KEY UPDATE")
		if err != nil {
			return err
		}
		keys, err := readKeys(ctx, tx, []int64{c.UserID})
		if err != nil {
			return err
		}
		change, err := c.Update(user.user(), keys)
		if err != nil || change == (account.KeyChange{}) {
			return err
		}
		if err := changeKey(ctx, tx, change); err != nil {
			return err
		}
		return noteChange(ctx, tx, c.UserID, c.At)
	})
}

func changeKey(ctx context.Context, tx *gorm.DB, c account.KeyChange) error {
	if c.Audit != nil {
		if err := addAudit(ctx, tx, *c.Audit); err != nil {
			return err
		}
	}
	if c.Added != nil {
		row, err := newAPIKeyRow(c.Added)
		if err != nil {
			return err
		}
		if err := gorm.G[apiKeyRow](tx).Create(ctx, &row); err != nil {
			return err
		}
	}
	if c.Replaced != nil {
		row, err := newAPIKeyRow(c.Replaced)
		if err != nil {
			return err
		}
		_, err = gorm.G[apiKeyRow](tx).Where("id = ?", row.ID).
			Select("name", "hash", "previous_hash", "previous_until", "expires_at", "routes", "monthly_quota").Updates(ctx, row)
		if err != nil {
			return err
		}
	}
	if c.Revoked != 0 {
		if _, err := gorm.G[apiKeyRow](tx).Where("id = ?", c.Revoked).Delete(ctx); err != nil {
			return err
		}
	}
	return nil
}

// lockKeys locks the keys of a user by id, as a batch of usage does: the foreign key would lock and delete them in any order.
func lockKeys(ctx context.Context, tx *gorm.DB, userID int64) error {
	_, err := gorm.G[apiKeyRow](tx, clause.Locking{Strength: "UPDATE"}).Select("id").Where("user_id = ?", userID).Order("id").Find(ctx)
	return err
}
