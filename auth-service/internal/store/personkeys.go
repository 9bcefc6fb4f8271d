package store

import (
	"context"
	"maps"
	"slices"

	"gorm.io/gorm"
	"gorm.io/gorm/clause"

	"tallygate/auth-service/internal/shred"
)

// personKeyRow is the key under which the audit log has what it knows of a user. The database deletes it with the user.
type personKeyRow struct {
	UserID int64 `gorm:"primaryKey;autoIncrement:false"`
	Key    []byte
}

// TableName is for gorm.
func (personKeyRow) TableName() string { return "person_keys" }

// personKeys are keys by the user's id.
type personKeys map[int64]shred.Key

// keysOf finds the keys of those who have one.
func keysOf(ctx context.Context, db *gorm.DB, users []int64) (personKeys, error) {
	rows, err := gorm.G[personKeyRow](db).Where("user_id in ?", users).Find(ctx)
	if err != nil {
		return nil, err
	}
	keys := make(personKeys, len(rows))
	for _, r := range rows {
		if len(r.Key) == shred.KeyBytes {
			keys[r.UserID] = shred.Key(r.Key)
		}
	}
	return keys, nil
}

// makeKeys is keysOf, and gives a key to those who have none. Users who are gone get none.
func makeKeys(ctx context.Context, tx *gorm.DB, users []int64) (personKeys, error) {
	keys, err := keysOf(ctx, tx, users)
	if err != nil {
		return nil, err
	}
	missing := slices.DeleteFunc(slices.Clone(users), func(id int64) bool {
		_, found := keys[id]
		return found
	})
	if len(missing) == 0 {
		return keys, nil
	}
	// The lock waits for those who are deleting one of the users, and keeps others from it until the keys are there.
	living, err := gorm.G[userRow](tx, clause.Locking{Strength: "KEY SHARE"}).Select("id").
		Where("id in ?", missing).Order("id").Find(ctx)
	if err != nil || len(living) == 0 {
		return keys, err
	}
	rows, ids := make([]personKeyRow, len(living)), make([]int64, len(living))
	for i, u := range living {
		key := shred.NewKey()
		rows[i], ids[i] = personKeyRow{UserID: u.ID, Key: key[:]}, u.ID
	}
	err = gorm.G[personKeyRow](tx, clause.OnConflict{DoNothing: true}).CreateInBatches(ctx, &rows, rowsAtOnce)
	if err != nil {
		return nil, err
	}
	// Another transaction may have been the first.
	made, err := keysOf(ctx, tx, ids)
	maps.Copy(keys, made)
	return keys, err
}
