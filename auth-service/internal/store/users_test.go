package store_test

import (
	"errors"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// noon is a time that both databases keep exactly.
func noon() time.Time { return time.Date(2026, 11, 24, 12, 0, 0, 123456000, time.UTC) }

func insert(t *testing.T, db *store.Store, name string) account.User {
	t.Helper()
	user, err := db.InsertUser(t.Context(), account.NewUser{Name: name, PasswordHash: "hash of " + name, CreatedAt: noon()})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestUserIsFoundAsItWasInserted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		want := insert(t, db, "ada")
		if want.ID <= 0 || want.Generation != 1 || !want.CreatedAt.Equal(noon()) {
			t.Errorf("inserted user is %+v", want)
		}
		for how, find := range map[string]func() (account.User, error){
			"by name": func() (account.User, error) { return db.UserByName(t.Context(), "ada") },
			"in the list": func() (account.User, error) {
				users, err := db.Users(t.Context(), account.UserSearch{}, "", 1)
				return users[0], err
			},
		} {
			if got, err := find(); err != nil || got != want {
				t.Errorf("%s: got %+v, %v, want %+v", how, got, err, want)
			}
		}
	})
}

func TestNameIsTakenOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		first := insert(t, db, "ada")
		if _, err := db.InsertUser(t.Context(), account.NewUser{Name: "ada", PasswordHash: "other", CreatedAt: noon()}); !errors.Is(err, account.ErrNameTaken) {
			t.Errorf("got %v, want ErrNameTaken", err)
		}
		if got, err := db.UserByName(t.Context(), "ada"); err != nil || got != first {
			t.Errorf("the first user became %+v, %v", got, err)
		}
		if _, err := db.UserByName(t.Context(), "eve"); !errors.Is(err, account.ErrNoUser) {
			t.Errorf("got %v, want ErrNoUser", err)
		}
	})
}

func TestManyInsertsOfOneNameMakeOneUser(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		var made, taken int
		var mu sync.Mutex
		var all sync.WaitGroup
		for range 50 {
			all.Go(func() {
				_, err := db.InsertUser(t.Context(), account.NewUser{Name: "ada", PasswordHash: "hash", CreatedAt: noon()})
				mu.Lock()
				defer mu.Unlock()
				switch {
				case err == nil:
					made++
				case errors.Is(err, account.ErrNameTaken):
					taken++
				default:
					t.Error(err)
				}
			})
		}
		all.Wait()
		if made != 1 || taken != 49 {
			t.Errorf("got %d made and %d taken, want 1 and 49", made, taken)
		}
	})
}

func TestHashIsReplacedOnlyIfItIsStillTheSame(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		for _, step := range []struct{ from, to, want string }{
			{"an older hash", "new", "hash of ada"},
			{"hash of ada", "new", "new"},
		} {
			if err := db.ReplacePasswordHash(t.Context(), ada.ID, step.from, step.to); err != nil {
				t.Fatal(err)
			}
			if got, _ := db.UserByName(t.Context(), "ada"); got.PasswordHash != step.want {
				t.Errorf("after %+v: got %q", step, got.PasswordHash)
			}
		}
	})
}
