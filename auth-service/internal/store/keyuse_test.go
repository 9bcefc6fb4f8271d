package store_test

import (
	"database/sql"
	"errors"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// lastUse is what the store knows of a key's last use.
func lastUse(t *testing.T, db *store.Store, k account.APIKey) time.Time {
	t.Helper()
	_, got, err := db.UserWithKey(t.Context(), k.UserID, k.ID)
	if err != nil {
		t.Fatal(err)
	}
	return got.LastUsedAt
}

func TestABatchTellsWhenAKeyWasUsedLast(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		key, other, unused := apiKey(ada, 1), apiKey(ada, 2), apiKey(ada, 3)
		for _, k := range []account.APIKey{key, other, unused} {
			addKey(t, db, k)
		}
		hour := noon().Truncate(time.Hour)
		for i, step := range []struct {
			name  string
			now   time.Time
			hours []time.Time
			want  time.Time
		}{
			{"a late batch tells the end of its hour", hour, []time.Time{hour.Add(-5 * time.Hour)}, hour.Add(-4 * time.Hour)},
			{"one that is later still goes no step back", hour, []time.Time{hour.Add(-50 * time.Hour)}, hour.Add(-4 * time.Hour)},
			{"a batch of this hour tells that it is now", hour.Add(time.Minute), []time.Time{hour}, hour.Add(time.Minute)},
			{"the latest of several hours counts", hour.Add(10 * time.Minute), []time.Time{hour.Add(-time.Hour), hour, hour.Add(-2 * time.Hour)}, hour.Add(10 * time.Minute)},
			{"less than a minute is not written", hour.Add(10*time.Minute + 59*time.Second), []time.Time{hour}, hour.Add(10 * time.Minute)},
			{"more than a minute is", hour.Add(11*time.Minute + time.Second), []time.Time{hour}, hour.Add(11*time.Minute + time.Second)},
			{"a gateway whose clock is ahead tells nothing of the future", hour.Add(20 * time.Minute), []time.Time{hour.Add(time.Hour)}, hour.Add(20 * time.Minute)},
		} {
			rows := []ledger.Row{calls(ada.ID, "root", hour, 1), withKey(ada.ID, 12, "root", hour, 1, 1)} // 12 is gone
			for _, at := range step.hours {
				rows = append(rows, withKey(ada.ID, key.ID, "root", at, 1, 1), withKey(ada.ID, key.ID, "files", at, 1, 1))
			}
			add(t, newLedger(db, step.now), "a", int64(i+1), rows...)
			if got := lastUse(t, db, key); !got.Equal(step.want) {
				t.Errorf("%s: got %v, want %v", step.name, got, step.want)
			}
		}
		refused := withKey(ada.ID, other.ID, "root", hour, 0, 0)
		refused.Counts = ledger.Counts{RateLimited: 3}
		add(t, newLedger(db, hour), "b", 1, refused)
		if got := lastUse(t, db, other); !got.Equal(hour) {
			t.Errorf("a key whose calls are refused for a limit: got %v, want %v", got, hour)
		}
		if got := lastUse(t, db, unused); !got.IsZero() {
			t.Errorf("a key that nobody used: got %v", got)
		}
		if r := record(t, db, ada, hour); r.Version != 3 {
			t.Errorf("the version is %d, want 3: a use is no change that gateways have to know", r.Version)
		}
		other.Name = "another name"
		if err := changeKeys(t, db, ada.ID, account.KeyChange{Replaced: &other}); err != nil {
			t.Fatal(err)
		}
		if got := lastUse(t, db, other); !got.Equal(hour) {
			t.Errorf("after a change of the key: got %v, want %v", got, hour)
		}
	})
}

func TestABatchWhoseUsesCannotBeWrittenIsNotNoted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		key := apiKey(ada, 1)
		addKey(t, db, key)
		l := newLedger(db, noon())
		rename := func(from, to string) {
			if _, err := db.Pool().ExecContext(t.Context(), "alter table "+from+" rename to "+to); err != nil {
				t.Fatal(err)
			}
		}
		rename("api_keys", "elsewhere")
		row := withKey(ada.ID, key.ID, "root", noon(), 5, 1)
		if added, err := l.Add(t.Context(), ledger.Batch{Gateway: "a", Sequence: 1, Rows: []ledger.Row{row}}); added || err == nil {
			t.Errorf("got %v, %v, want an error", added, err)
		}
		rename("elsewhere", "api_keys")
		if !add(t, l, "a", 1, row) {
			t.Error("the batch was noted though it was not written")
		}
		if got := report(t, l, ada.ID, ledger.Month(noon()), ledger.ByDay).Total.Requests; got != 5 || !lastUse(t, db, key).Equal(noon()) {
			t.Errorf("got %d requests, used %v", got, lastUse(t, db, key))
		}
		agrees(t, l)
	})
}

// TestUsesOfTheSameKeysFromManyGateways delivers batches with the same keys in different orders, beside changes of the keys and
// the deletion of their users. The latest use stays.
func TestUsesOfTheSameKeysFromManyGateways(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		const users, keysEach, batches = 8, 10, 15
		keys := make([][]account.APIKey, users)
		for u := range keys {
			user := insert(t, db, string(rune('a'+u)))
			for n := range keysEach {
				// Ids in an order that is neither that of users nor that of creation.
				k := apiKey(user, u+users*n)
				k.ID = 1<<62 + int64((u+users*n)*37%101)
				keys[u] = append(keys[u], k)
				addKey(t, db, k)
			}
		}
		var all sync.WaitGroup
		for _, gateway := range []string{"a", "b", "c", "d"} {
			replica := open(t, url)
			all.Go(func() { deliverUses(t, replica, gateway, batches, keys) })
		}
		for u := range keys {
			all.Go(func() {
				changed := keys[u][0]
				if err := changeKeys(t, db, changed.UserID, account.KeyChange{Replaced: &changed}); err != nil {
					t.Error(err)
				}
				if u%2 == 0 {
					return
				}
				_, err := db.UpdateUser(t.Context(), changed.UserID, noon(), func(u account.User) (account.Change, error) {
					return account.Change{User: u, Delete: true}, nil
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		want := noon().Add(2 * batches * time.Minute)
		for u := range keys {
			for _, k := range keys[u] {
				if _, got, err := db.UserWithKey(t.Context(), k.UserID, k.ID); u%2 == 1 && !errors.Is(err, account.ErrNoUser) ||
					u%2 == 0 && (err != nil || !got.LastUsedAt.Equal(want)) {
					t.Errorf("user %d: got %v, %v, want %v", u, got.LastUsedAt, err, want)
				}
			}
		}
	})
}

// deliverUses delivers batches of which each is two minutes later than the one before.
func deliverUses(t *testing.T, db *store.Store, gateway string, batches int64, keys [][]account.APIKey) {
	for sequence := int64(1); sequence <= batches; sequence++ {
		l := newLedger(db, noon().Add(time.Duration(2*sequence)*time.Minute))
		var rows []ledger.Row
		for _, of := range keys {
			for _, k := range of {
				rows = append(rows, withKey(k.UserID, k.ID, gateway, noon(), 1, 1))
			}
		}
		if _, err := l.Add(t.Context(), ledger.Batch{Gateway: gateway, Sequence: sequence, Rows: rows}); err != nil {
			t.Error(err)
			return
		}
	}
}

// TestKeysOfSeveralAreLockedByID: what waits for the key with the lower id does not hold the other one.
func TestKeysOfSeveralAreLockedByID(t *testing.T) {
	t.Parallel()
	for name, lock := range map[string]func(db *store.Store, higher, lower account.APIKey) error{
		"a batch": func(db *store.Store, higher, lower account.APIKey) error {
			_, err := newLedger(db, noon()).Add(t.Context(), ledger.Batch{Gateway: "a", Sequence: 1, Rows: []ledger.Row{
				withKey(higher.UserID, higher.ID, "files", noon(), 1, 1), withKey(lower.UserID, lower.ID, "root", noon(), 1, 1),
			}})
			return err
		},
		"the deletion of the user": func(db *store.Store, higher, _ account.APIKey) error {
			_, err := db.UpdateUser(t.Context(), higher.UserID, noon(), func(u account.User) (account.Change, error) {
				return account.Change{User: u, Delete: true}, nil
			})
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			db := open(t, shared.Postgres(t))
			ada := insert(t, db, "ada")
			higher, lower := apiKey(ada, 2), apiKey(ada, 1)
			addKey(t, db, higher)
			addKey(t, db, lower)
			holder, err := db.Pool().BeginTx(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			defer holder.Rollback() //nolint:errcheck // it is over already, unless the test has failed
			const take = "select id from api_keys where id = $1 for update nowait"
			if _, err := holder.ExecContext(t.Context(), take, lower.ID); err != nil {
				t.Fatal(err)
			}
			done := make(chan error, 1)
			go func() { done <- lock(db, higher, lower) }()
			eventuallyWaitsForALock(t, holder)
			if _, err := holder.ExecContext(t.Context(), take, higher.ID); err != nil {
				t.Errorf("the key with the higher id is locked first: %v", err)
			}
			if err := holder.Rollback(); err != nil {
				t.Error(err)
			}
			if err := <-done; err != nil {
				t.Error(err)
			}
		})
	}
}

// eventuallyWaitsForALock returns when somebody waits for a lock of the holder.
func eventuallyWaitsForALock(t *testing.T, holder *sql.Tx) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); ; <-tick.C {
		var waiting int
		err := holder.QueryRowContext(t.Context(), "select count(*) from pg_locks where not granted and pg_backend_pid() = any(pg_blocking_pids(pid))").Scan(&waiting)
		switch {
		case err != nil:
			t.Fatal(err)
		case waiting > 0:
			return
		case time.Now().After(deadline):
			t.Fatal("nothing has waited for a lock")
		}
	}
}
