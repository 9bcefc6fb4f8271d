package store

import (
	"bytes"
	"context"
	"slices"
	"time"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/guess"
)

type guessRow struct {
	Key          []byte `gorm:"primaryKey"`
	Failures     int
	Pending      int
	PendingUntil time.Time
	BlockedUntil time.Time
	ForgottenAt  time.Time
	NameHash     []byte
}

// TableName is for gorm.
func (guessRow) TableName() string { return "guess_counters" }

type knownAddressRow struct {
	UserID     int64  `gorm:"primaryKey;autoIncrement:false"`
	Address    string `gorm:"primaryKey"`
	LastUsedAt time.Time
}

// TableName is for gorm.
func (knownAddressRow) TableName() string { return "known_addresses" }

// knownAddressPrecision is how old the time of an address's last use may become before it is updated.
const knownAddressPrecision = 24 * time.Hour

func newGuessRow(key guess.Key, c guess.Counter) guessRow {
	return guessRow{
		Key: key[:], Failures: c.Failures, Pending: c.Pending, PendingUntil: orEpoch(c.PendingUntil),
		BlockedUntil: orEpoch(c.BlockedUntil), ForgottenAt: orEpoch(c.ForgottenAt),
	}
}

func (r guessRow) counter() guess.Counter {
	return guess.Counter{
		Failures: r.Failures, Pending: r.Pending, PendingUntil: r.PendingUntil.UTC(),
		BlockedUntil: r.BlockedUntil.UTC(), ForgottenAt: r.ForgottenAt.UTC(),
	}
}

// orEpoch replaces the zero time by 1970: the zero time does not fit into microseconds since 1970.
func orEpoch(t time.Time) time.Time {
	if t.IsZero() {
		return time.Unix(0, 0).UTC()
	}
	return t
}

// KnowsAddress implements guess.Store.
func (s *Store) KnowsAddress(ctx context.Context, name, address string) (known bool, err error) {
	err = s.read(ctx, s.readsName(), func(ctx context.Context, db *gorm.DB) error {
		rows, err := gorm.G[knownAddressRow](db).
			Where("address = ? and user_id = (select id from users where username = ?)", address, name).Count(ctx, "*")
		known = rows > 0
		return err
	})
	return known, err
}

// UpdateGuesses implements guess.Store.
func (s *Store) UpdateGuesses(ctx context.Context, u guess.Update) error {
	return s.write(ctx, s.unknown(), func(ctx context.Context, tx *gorm.DB) error { return updateGuesses(ctx, tx, u) })
}

// updateGuesses locks the counters in the order of their keys, so that two transactions cannot deadlock.
func updateGuesses(ctx context.Context, tx *gorm.DB, u guess.Update) error {
	keys := u.Keys
	if len(keys) == 0 {
		return nil
	}
	raw := make([][]byte, len(keys))
	for i := range keys {
		raw[i] = keys[i][:]
	}
	rows, err := gorm.G[guessRow](tx, clause.Locking{Strength: "UPDATE"}).Where("key in ?", raw).Order("key").Find(ctx)
	if err != nil {
		return err
	}
	if len(rows) < len(keys) {
		if rows, err = addGuesses(ctx, tx, u, raw, rows); err != nil {
			return err
		}
	}
	before := make([]guess.Counter, len(keys))
	for i := range keys {
		for _, r := range rows {
			if bytes.Equal(r.Key, keys[i][:]) {
				before[i] = r.counter()
			}
		}
	}
	for i, after := range u.Change(before) {
		if after == before[i] {
			continue
		}
		row := newGuessRow(keys[i], after)
		_, err := gorm.G[guessRow](tx).Where("key = ?", row.Key).
			Select("failures", "pending", "pending_until", "blocked_until", "forgotten_at").Updates(ctx, row)
		if err != nil {
			return err
		}
	}
	return nil
}

// addGuesses inserts the counters that do not exist yet, and locks all of them.
func addGuesses(ctx context.Context, tx *gorm.DB, u guess.Update, keys [][]byte, present []guessRow) ([]guessRow, error) {
	for _, key := range slices.SortedFunc(slices.Values(keys), bytes.Compare) {
		if slices.ContainsFunc(present, func(r guessRow) bool { return bytes.Equal(r.Key, key) }) {
			continue
		}
		row := newGuessRow(guess.Key(key), guess.Counter{})
		if i := slices.Index(u.Keys, guess.Key(key)); u.Names != nil && u.Names[i] != (guess.Key{}) {
			row.NameHash = u.Names[i][:]
		}
		if err := gorm.G[guessRow](tx, clause.OnConflict{DoNothing: true}).Create(ctx, &row); err != nil {
			return nil, err
		}
	}
	return gorm.G[guessRow](tx, clause.Locking{Strength: "UPDATE"}).Where("key in ?", keys).Order("key").Find(ctx)
}

// forgive removes the counters of a name. It locks them in the order of their keys, as updateGuesses does.
func forgive(ctx context.Context, tx *gorm.DB, name guess.Key) error {
	if name == (guess.Key{}) {
		return nil
	}
	rows, err := gorm.G[guessRow](tx, clause.Locking{Strength: "UPDATE"}).Select("key").Where("name_hash = ?", name[:]).Order("key").Find(ctx)
	if err != nil || len(rows) == 0 {
		return err
	}
	_, err = gorm.G[guessRow](tx).Where("name_hash = ?", name[:]).Delete(ctx)
	return err
}

// knowAddress records that the user has signed in from the address.
func knowAddress(ctx context.Context, tx *gorm.DB, userID int64, address string, at time.Time) error {
	fresh, err := gorm.G[knownAddressRow](tx).
		Where("user_id = ? and address = ? and last_used_at > ?", userID, address, at.Add(-knownAddressPrecision)).Count(ctx, "*")
	if err != nil || fresh > 0 {
		return err
	}
	upsert := clause.OnConflict{
		Columns:   []clause.Column{{Name: "user_id"}, {Name: "address"}},
		DoUpdates: clause.AssignmentColumns([]string{"last_used_at"}),
	}
	return gorm.G[knownAddressRow](tx, upsert).
		Create(ctx, &knownAddressRow{UserID: userID, Address: address, LastUsedAt: at})
}
