package store_test

import (
	"errors"
	"fmt"
	"reflect"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
	"tallygate/kit/apikey"
)

func digest(n int) apikey.Digest { return apikey.Hash(fmt.Sprint("key ", n)) }

func apiKey(user account.User, n int) account.APIKey {
	return account.APIKey{
		ID: 1<<62 + int64(n), UserID: user.ID, Name: fmt.Sprint("key ", n), Hash: digest(n), CreatedAt: noon().Add(time.Duration(n) * time.Second),
	}
}

func addKey(t testing.TB, db *store.Store, k account.APIKey) {
	t.Helper()
	if err := changeKeys(t, db, k.UserID, account.KeyChange{Added: &k}); err != nil {
		t.Fatal(err)
	}
}

func changeKeys(t testing.TB, db *store.Store, userID int64, change account.KeyChange) error {
	t.Helper()
	return db.UpdateKeys(t.Context(), account.KeysChange{
		UserID: userID, At: noon(), Update: func(account.User, []account.APIKey) (account.KeyChange, error) { return change, nil },
	})
}

func TestKeyIsKeptAsItIs(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		plain, full := apiKey(ada, 1), apiKey(ada, 2)
		quota := int64(0)
		full.Previous, full.PreviousUntil = digest(3), noon().Add(time.Hour)
		full.ExpiresAt, full.LastUsedAt = noon().Add(time.Hour), noon()
		full.Routes, full.MonthlyQuota = []string{"root", "files"}, &quota
		addKey(t, db, full)
		addKey(t, db, plain)
		want := []account.APIKey{plain, full}
		if got, err := db.Keys(t.Context(), ada.ID); err != nil || !reflect.DeepEqual(got, want) {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
		if r := record(t, db, ada, noon()); !reflect.DeepEqual(r.Keys, want) || r.Version != 2 {
			t.Errorf("the record is %+v", r)
		}
		if user, got, err := db.UserWithKey(t.Context(), ada.ID, full.ID); err != nil || user != ada || !reflect.DeepEqual(got, full) {
			t.Errorf("got %+v, %+v, %v", user, got, err)
		}
		if _, _, err := db.UserWithKey(t.Context(), eve.ID, full.ID); !errors.Is(err, account.ErrNoKey) {
			t.Errorf("another user's key: got %v, want ErrNoKey", err)
		}
		if _, _, err := db.UserWithKey(t.Context(), 99, full.ID); !errors.Is(err, account.ErrNoUser) {
			t.Errorf("nobody's key: got %v, want ErrNoUser", err)
		}
		for n, known := range map[int]bool{1: true, 2: true, 3: true, 4: false} {
			owner, err := db.KeyOwner(t.Context(), digest(n))
			if known && (err != nil || owner != ada.ID) || !known && !errors.Is(err, account.ErrNoKey) {
				t.Errorf("hash %d: got %d, %v", n, owner, err)
			}
		}
		changed := full
		changed.Name, changed.Hash, changed.Previous, changed.PreviousUntil = "another", digest(5), apikey.Digest{}, time.Time{}
		changed.ExpiresAt, changed.Routes, changed.MonthlyQuota = time.Time{}, nil, nil
		if err := changeKeys(t, db, ada.ID, account.KeyChange{Replaced: &changed}); err != nil {
			t.Fatal(err)
		}
		if _, got, err := db.UserWithKey(t.Context(), ada.ID, full.ID); err != nil || !reflect.DeepEqual(got, changed) {
			t.Errorf("got %+v, %v, want %+v", got, err, changed)
		}
		if err := changeKeys(t, db, ada.ID, account.KeyChange{Revoked: full.ID}); err != nil {
			t.Fatal(err)
		}
		if got, err := db.Keys(t.Context(), ada.ID); err != nil || !reflect.DeepEqual(got, want[:1]) {
			t.Errorf("got %+v, %v", got, err)
		}
		if r := record(t, db, ada, noon()); r.Version != 4 {
			t.Errorf("the version is %d, want 4", r.Version)
		}
	})
}

func TestKeysGoWithTheirUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		addKey(t, db, apiKey(ada, 1))
		addKey(t, db, apiKey(eve, 2))
		_, err := db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
			return account.Change{User: u, Delete: true}, nil
		})
		if err != nil {
			t.Fatal(err)
		}
		var rows int
		if err := db.Pool().QueryRowContext(t.Context(), "select count(*) from api_keys").Scan(&rows); err != nil || rows != 1 {
			t.Errorf("got %d rows, %v, want eve's", rows, err)
		}
		if r := record(t, db, ada, noon()); r.Exists || len(r.Keys) != 0 {
			t.Errorf("the record is %+v", r)
		}
		if err := changeKeys(t, db, ada.ID, account.KeyChange{Revoked: 1}); !errors.Is(err, account.ErrNoUser) {
			t.Errorf("got %v, want ErrNoUser", err)
		}
	})
}

func TestChangeOfAKeyThatFailsAtItsEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		kept, other := apiKey(ada, 1), apiKey(ada, 2)
		addKey(t, db, kept)
		sabotage(t, url)
		entry := &account.AuditEntry{At: noon(), Actor: account.Actor{Name: "root"}, Action: "revoke-key", TargetID: ada.ID, TargetName: "ada"}
		changed := kept
		changed.Hash = digest(9)
		for name, change := range map[string]account.KeyChange{
			"a new one": {Added: &other}, "a change": {Replaced: &changed}, "a revocation": {Revoked: kept.ID, Audit: entry},
		} {
			if err := changeKeys(t, db, ada.ID, change); err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		if got, err := db.Keys(t.Context(), ada.ID); err != nil || !reflect.DeepEqual(got, []account.APIKey{kept}) {
			t.Errorf("got %+v, %v", got, err)
		}
		if log, err := db.Audit(t.Context(), account.AuditQuery{Limit: 10}); err != nil || len(log) != 0 {
			t.Errorf("the audit log holds %+v, %v", log, err)
		}
	})
}

// TestKeysMadeAtOnceLeaveNoneTooMany: 200 at once, through two replicas.
func TestKeysMadeAtOnceLeaveNoneTooMany(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		replicas := [2]*store.Store{open(t, url), open(t, url)}
		ada := insert(t, replicas[0], "ada")
		const most = 100
		var made, refused int
		var mu sync.Mutex
		var all sync.WaitGroup
		for n := range 2 * most {
			all.Go(func() {
				k := apiKey(ada, n)
				err := replicas[n%2].UpdateKeys(t.Context(), account.KeysChange{
					UserID: ada.ID, At: noon(), Update: func(_ account.User, keys []account.APIKey) (account.KeyChange, error) {
						if len(keys) >= most {
							return account.KeyChange{}, &account.KeysFullError{Most: most}
						}
						return account.KeyChange{Added: &k}, nil
					},
				})
				mu.Lock()
				defer mu.Unlock()
				switch full := new(account.KeysFullError); {
				case err == nil:
					made++
				case errors.As(err, &full):
					refused++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		keys, err := replicas[0].Keys(t.Context(), ada.ID)
		if err != nil || len(keys) != most || made != most || refused != most {
			t.Errorf("got %d keys, %v, %d made and %d refused, want %d each", len(keys), err, made, refused, most)
		}
		if r := record(t, replicas[1], ada, noon()); r.Version != most {
			t.Errorf("the version is %d, want %d", r.Version, most)
		}
	})
}
