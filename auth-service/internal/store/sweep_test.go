package store_test

import (
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

func expiry(now time.Time) account.Expiry {
	return account.Expiry{Now: now, SessionsEnded: now, SessionsIdle: now, KnownAddresses: now, Changes: now}
}

func count(t *testing.T, db *store.Store, table string) (n int) {
	t.Helper()
	if err := db.Pool().QueryRowContext(t.Context(), "select count(*) from "+table).Scan(&n); err != nil {
		t.Fatal(err)
	}
	return n
}

func TestSweepLeavesNothingThatIsOver(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		many(t, db, url, ada, 2500, 2500)
		var at any = noon().UnixMicro()
		numbers, key := "(with recursive n(i) as (select 1 union all select i + 1 from n where i < 5000) select i from n)", "randomblob(32)"
		if strings.HasPrefix(url, "postgres") {
			at, numbers, key = noon(), "(select i from generate_series(1, 5000) i)", "sha256(i::text::bytea)"
		}
		for _, statement := range []string{
			"insert into guess_counters (key, failures, pending, pending_until, blocked_until, forgotten_at) select " + key + ", 1, 0, $1, $1, $1 from " + numbers + " n",
			"insert into known_addresses select 1, cast(i as text), $1 from " + numbers + " n",
			"insert into user_changes select i + 1, i, $1 from " + numbers + " n",
		} {
			if _, err := db.Pool().ExecContext(t.Context(), statement, at); err != nil {
				t.Fatal(err)
			}
		}
		live := session(ada, 1)
		live.LastUsedAt, live.ExpiresAt = noon().Add(10*time.Hour), noon().Add(10*time.Hour)
		if _, err := db.StartSession(t.Context(), account.NewSession{Session: live, Keep: 10_000, Generation: 1, KnownAddress: "x"}); err != nil {
			t.Fatal(err)
		}
		began := time.Now()
		if err := db.Sweep(t.Context(), expiry(noon().Add(5*time.Hour))); err != nil {
			t.Fatal(err)
		}
		t.Logf("20,000 rows took %v", time.Since(began))
		for table, want := range map[string]int{"sessions": 1, "guess_counters": 0, "known_addresses": 0, "user_changes": 0} {
			if got := count(t, db, table); got != want {
				t.Errorf("%s: %d rows are left, want %d", table, got, want)
			}
		}
		if at, err := db.ChangeCounter(t.Context()); err != nil || at.Pruned != 5000 {
			t.Errorf("pruned is %d, %v, want 5000", at.Pruned, err)
		}
	})
}

// TestPrunedNeverGoesBack: a replica whose clock is ahead gives a later time to a lower number. If pruned went back, a reader
// between the two numbers would believe that nothing had changed.
func TestPrunedNeverGoesBack(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for _, gone := range []struct {
			user account.User
			at   time.Time
		}{{insert(t, db, "ada"), noon().Add(2 * time.Second)}, {insert(t, db, "eve"), noon()}} {
			_, err := db.UpdateUser(t.Context(), gone.user.ID, gone.at, func(u account.User) (account.Change, error) {
				return account.Change{User: u, Delete: true}, nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		for _, at := range []time.Duration{time.Second, 3 * time.Second} {
			if err := db.Sweep(t.Context(), expiry(noon().Add(at))); err != nil {
				t.Fatal(err)
			}
			if at, err := db.ChangeCounter(t.Context()); err != nil || at.Pruned != 2 {
				t.Errorf("%v after noon: pruned is %d, %v, want 2", at, at.Pruned, err)
			}
		}
	})
}
