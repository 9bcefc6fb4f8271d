package store_test

import (
	"errors"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/guess"
	"tallygate/auth-service/internal/store"
)

func reset(n byte) account.Reset {
	return account.Reset{Hash: account.ResetHash{1, n}, ExpiresAt: noon().Add(time.Hour)}
}

// give makes a reset token the one of a user.
func give(t *testing.T, db *store.Store, user account.User, r account.Reset) account.User {
	t.Helper()
	user, err := db.UpdateUser(t.Context(), user.ID, noon(), func(u account.User) (account.Change, error) {
		u.Reset = r
		return account.Change{User: u}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return user
}

func TestAUserIsFoundByTheNewestResetTokenOnly(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		give(t, db, ada, reset(1))
		ada = give(t, db, ada, reset(2))
		eve = give(t, db, eve, reset(3))
		finds := func(when string, r account.Reset, want account.User) {
			t.Helper()
			got, err := db.UserByReset(t.Context(), r.Hash)
			if want.ID == 0 && !errors.Is(err, account.ErrNoUser) || want.ID != 0 && (err != nil || got != want) {
				t.Errorf("%s: got %+v, %v, want %+v", when, got, err, want)
			}
		}
		finds("superseded", reset(1), account.User{})
		finds("the newest", reset(2), ada)
		finds("of another user", reset(3), eve)
		give(t, db, ada, account.Reset{})
		finds("used", reset(2), account.User{})
		finds("of another user still", reset(3), eve)
		if got, err := db.UserByID(t.Context(), eve.ID); err != nil || got != eve {
			t.Errorf("got %+v, %v, want %+v", got, err, eve)
		}
		if _, err := db.UserByID(t.Context(), 99); !errors.Is(err, account.ErrNoUser) {
			t.Errorf("got %v, want ErrNoUser", err)
		}
	})
}

func TestAUserIsInsertedWithAResetTokenAndAQuota(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		quota := int64(5)
		want, err := db.InsertUser(t.Context(), account.NewUser{
			Name: "ada", CreatedAt: noon(), MonthlyQuota: &quota, MustChangePassword: true, Reset: reset(1),
		})
		if err != nil {
			t.Fatal(err)
		}
		got, err := db.UserByReset(t.Context(), reset(1).Hash)
		if err != nil || got.ID != want.ID || got.Reset != reset(1) || !got.MustChangePassword || got.PasswordHash != "" || *got.MonthlyQuota != quota {
			t.Errorf("got %+v, %v, want %+v", got, err, want)
		}
	})
}

func TestAResetThatFailsAtItsEndLeavesTheTokenAndTheCounters(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := give(t, db, insert(t, db, "ada"), reset(1))
		s := start(t, db, ada)
		name := guess.NameKey("ada")
		err := db.UpdateGuesses(t.Context(), guess.Update{
			Keys: []guess.Key{{1}, {2}}, Names: []guess.Key{name, {}},
			Change: func(counters []guess.Counter) []guess.Counter {
				for i := range counters {
					counters[i].Failures++
				}
				return counters
			},
		})
		if err != nil {
			t.Fatal(err)
		}
		use := func() error {
			_, err := db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
				u.PasswordHash, u.Generation, u.Reset = "new", u.Generation+1, account.Reset{}
				return account.Change{User: u, EndSessions: true, Forgive: name}, nil
			})
			return err
		}
		sabotage(t, url)
		if err := use(); err == nil {
			t.Fatal("no error")
		}
		if got, _, err := db.UserWithSession(t.Context(), ada.ID, s.ID); err != nil || got != ada || count(t, db, "guess_counters") != 2 {
			t.Errorf("got %+v, %v, want %+v", got, err, ada)
		}
		drop := "drop trigger sabotage"
		if strings.HasPrefix(url, "postgres") {
			drop += " on change_counter"
		}
		change(t, url, drop)
		if err := use(); err != nil {
			t.Fatal(err)
		}
		if got := count(t, db, "guess_counters"); got != 1 || count(t, db, "sessions") != 0 {
			t.Errorf("%d counters are left, want that of the address alone, and no session", got)
		}
	})
}
