package store

import (
	"context"
	"errors"

	"gorm.io/gorm"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
)

// rowsAtOnce is how many rows one statement inserts.
const rowsAtOnce = 100

// InsertUsers implements account.Store.
func (s *Store) InsertUsers(ctx context.Context, users []account.NewUser) (added int, err error) {
	for range writeAttempts {
		err = s.giveIDs(ctx, s.known(), func(ctx context.Context, tx *gorm.DB) (err error) {
			added, err = insertUsers(ctx, tx, users)
			return err
		})
		if !errors.Is(err, account.ErrNameTaken) {
			return added, err
		}
	}
	// Others register these very names all the time.
	return 0, fault.ErrBusy
}

// insertUsers is InsertUsers in a transaction. The error is account.ErrNameTaken if a name was taken since the transaction looked.
func insertUsers(ctx context.Context, tx *gorm.DB, users []account.NewUser) (added int, err error) {
	taken, err := takenNames(ctx, tx, users)
	if err != nil {
		return 0, err
	}
	rows, entries := make([]userRow, 0, len(users)), make([]*account.AuditEntry, 0, len(users))
	for _, u := range users {
		if !taken[u.Name] {
			taken[u.Name] = true
			rows, entries = append(rows, newUserRow(u)), append(entries, u.Audit)
		}
	}
	if len(rows) == 0 {
		return 0, nil
	}
	err = gorm.G[userRow](tx).CreateInBatches(ctx, &rows, rowsAtOnce)
	if errors.Is(err, gorm.ErrDuplicatedKey) {
		return 0, account.ErrNameTaken
	}
	if err != nil {
		return 0, orNoPlan(err)
	}
	audit := make([]account.AuditEntry, 0, len(rows))
	for i, e := range entries {
		if e != nil {
			entry := *e
			entry.TargetID = rows[i].ID
			audit = append(audit, entry)
		}
	}
	return len(rows), addAudits(ctx, tx, audit)
}

// takenNames are those of the users' names that other users have.
func takenNames(ctx context.Context, tx *gorm.DB, users []account.NewUser) (map[string]bool, error) {
	names := make([]string, len(users))
	for i, u := range users {
		names[i] = u.Name
	}
	rows, err := gorm.G[userRow](tx).Select("username").Where("username in ?", names).Find(ctx)
	if err != nil {
		return nil, err
	}
	taken := make(map[string]bool, len(users))
	for _, r := range rows {
		taken[r.Username] = true
	}
	return taken, nil
}
