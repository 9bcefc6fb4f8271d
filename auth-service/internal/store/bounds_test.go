package store_test

import (
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// many adds sessions of a user behind the store's back: n that live, the i-th last used i seconds after noon, and as many
// that ended then.
func many(t testing.TB, db *store.Store, url string, user account.User, live, ended int) {
	t.Helper()
	statement := `
		with recursive n(i) as (select 1 union all select i + 1 from n where i < max(?2, ?3))
		insert into sessions (id, user_id, created_at, last_used_at, expires_at, ended_at, client, address, live_hash)
		select kind || ' ' || ?1 || ' ' || i, ?1, ?4, ?4 + i * 1000000, ?4 + 3600000000,
			case kind when 'ended' then ?4 + i * 1000000 end, 'curl', '192.0.2.1', randomblob(32)
		from n, (select 'live' as kind, ?2 as most union all select 'ended', ?3) where i <= most`
	var at any = noon().UnixMicro()
	if strings.HasPrefix(url, "postgres") {
		at = noon()
		statement = `
		insert into sessions (id, user_id, created_at, last_used_at, expires_at, ended_at, client, address, live_hash)
		select kind || ' ' || $1 || ' ' || i, $1, $4, $4 + i * interval '1 second', $4 + interval '1 hour',
			case kind when 'ended' then $4 + i * interval '1 second' end, 'curl', '192.0.2.1', sha256(i::text::bytea)
		from (values ('live', $2::int), ('ended', $3::int)) k (kind, most), generate_series(1, most) i`
		statement = strings.ReplaceAll(strings.ReplaceAll(statement, "$1", "$1::bigint"), "$4", "$4::timestamptz")
	}
	if _, err := db.Pool().ExecContext(t.Context(), statement, user.ID, live, ended, at); err != nil {
		t.Fatal(err)
	}
}

func end(t testing.TB, db *store.Store, id string, at time.Time, bounds account.EndedList) {
	t.Helper()
	_, session, err := db.UserOfSession(t.Context(), id, true)
	if err != nil {
		t.Fatal(err)
	}
	err = db.UpdateSession(t.Context(), account.SessionChange{
		UserID: session.UserID, SessionID: id, Ends: true, EndedList: bounds,
		Update: func(_ account.User, s account.Session) account.Session {
			s.EndedAt = at
			return s
		},
	})
	if err != nil {
		t.Fatal(err)
	}
}

func record(t testing.TB, db *store.Store, user account.User, now time.Time) account.Record {
	t.Helper()
	records, err := db.Records(t.Context(), []int64{user.ID}, time.Hour, now)
	if err != nil {
		t.Fatal(err)
	}
	return records[0]
}

func TestSessionsThatAreTooManyGoTheLeastRecentlyUsedFirst(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		many(t, db, url, ada, 20, 3)
		many(t, db, url, eve, 20, 0)
		next := session(ada, 1)
		next.LastUsedAt = noon().Add(time.Minute)
		s := begin(next, 1)
		s.Keep = 5
		if _, err := db.StartSession(t.Context(), s); err != nil {
			t.Fatal(err)
		}
		for user, want := range map[account.User]string{ada: "[session 1 live 1 20 live 1 19 live 1 18 live 1 17]", eve: "20"} {
			found, err := db.Sessions(t.Context(), user.ID, noon(), noon().Add(-time.Hour), 100)
			if err != nil {
				t.Fatal(err)
			}
			var ids []string
			for _, f := range found {
				ids = append(ids, f.ID)
			}
			if got := fmt.Sprint(ids); got != want && fmt.Sprint(len(ids)) != want {
				t.Errorf("%s has %s, want %s", user.Name, got, want)
			}
		}
		if _, _, err := db.UserWithSession(t.Context(), ada.ID, "live 1 16"); !errors.Is(err, account.ErrNoSession) {
			t.Errorf("a dropped session: got %v, want ErrNoSession", err)
		}
		if got := record(t, db, ada, noon()); len(got.Ended) != 3 || got.Generation != 1 {
			t.Errorf("got %d ended and generation %d, want 3 and 1", len(got.Ended), got.Generation)
		}
	})
}

func TestSignInsAtOnceLeaveNoSessionTooMany(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		many(t, db, url, ada, 4, 0)
		done := make(chan error)
		for n := range 30 {
			go func() {
				s := begin(session(ada, n), 1)
				s.Keep = 5
				_, err := db.StartSession(t.Context(), s)
				done <- err
			}()
		}
		for range 30 {
			if err := <-done; err != nil {
				t.Error(err)
			}
		}
		found, err := db.Sessions(t.Context(), ada.ID, noon(), noon().Add(-time.Hour), 100)
		if err != nil || len(found) != 5 {
			t.Errorf("got %d sessions, %v, want 5", len(found), err)
		}
	})
}

func TestLongListOfEndedSessionsBecomesANewGeneration(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		many(t, db, url, ada, 5, 10)
		bounds := account.EndedList{Life: time.Hour, Max: 12}
		end(t, db, "live 1 1", noon().Add(20*time.Second), bounds)
		end(t, db, "live 1 2", noon().Add(20*time.Second), bounds)
		if got := record(t, db, ada, noon()); len(got.Ended) != 12 || got.Generation != 1 || got.Version != 2 {
			t.Errorf("at the bound: got %d ended, generation %d, version %d, want 12, 1, 2", len(got.Ended), got.Generation, got.Version)
		}
		end(t, db, "live 1 3", noon().Add(21*time.Second), bounds)
		if got := record(t, db, ada, noon()); len(got.Ended) != 0 || got.Generation != 2 || got.Version != 3 {
			t.Errorf("past it: got %d ended, generation %d, version %d, want 0, 2, 3", len(got.Ended), got.Generation, got.Version)
		}
		// A session that lives is refreshed, and learns of the new generation.
		err := update(t, db, ada, "live 1 4", func(u account.User, s account.Session) account.Session {
			if u.Generation != 2 || !s.EndedAt.IsZero() {
				t.Errorf("got %+v of %+v", s, u)
			}
			s.Live = hash(9)
			return s
		})
		if err != nil {
			t.Error(err)
		}
	})
}

func TestSessionsThatEndedLongAgoDoNotFillTheList(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		many(t, db, url, ada, 1, 12) // the last of them ended at noon and 12 seconds
		bounds := account.EndedList{Life: time.Hour, Max: 3}
		now := noon().Add(time.Hour + 10*time.Second)
		end(t, db, "live 1 1", now, bounds)
		if got := record(t, db, ada, now); len(got.Ended) != 3 || got.Generation != 1 {
			t.Errorf("got %d ended and generation %d, want 3 and 1", len(got.Ended), got.Generation)
		}
	})
}

// TestFullAccountIsChangedInTime: however many sessions a user has, disabling, deleting or changing the password must not
// take long.
func TestFullAccountIsChangedInTime(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		for _, user := range []account.User{ada, eve} {
			many(t, db, url, user, 1000, 1000)
		}
		for what, step := range map[string]func() error{
			"disabling": func() error {
				_, err := db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
					u.Disabled, u.Generation = true, u.Generation+1
					return account.Change{User: u, EndSessions: true}, nil
				})
				return err
			},
			"deleting": func() error {
				_, err := db.UpdateUser(t.Context(), eve.ID, noon(), func(u account.User) (account.Change, error) {
					return account.Change{User: u, Delete: true}, nil
				})
				return err
			},
		} {
			began := time.Now()
			if err := step(); err != nil {
				t.Errorf("%s: %v", what, err)
			}
			took := time.Since(began)
			t.Logf("%s took %v", what, took)
			if took > 3*time.Second { // far more than it takes, in case the machine is busy
				t.Errorf("%s took %v", what, took)
			}
		}
	})
}

// TestRevocationIsQuickWhileAnotherUserSignsInAndOutAllTheTime: the other user's record stays small, so each of their
// changes stays cheap.
func TestRevocationIsQuickWhileAnotherUserSignsInAndOutAllTheTime(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		victim, mallory := insert(t, db, "victim"), insert(t, db, "mallory")
		many(t, db, url, mallory, 0, 990)
		many(t, db, url, victim, 20, 0)
		var signIn, signOut, revoke []time.Duration
		generation := int64(1)
		for n := range 40 {
			began := time.Now()
			s := session(mallory, n)
			user, err := db.StartSession(t.Context(), begin(s, generation))
			if err != nil {
				t.Fatal(err)
			}
			signIn, began = append(signIn, time.Since(began)), time.Now()
			end(t, db, s.ID, noon().Add(time.Minute), list())
			signOut = append(signOut, time.Since(began))
			generation = record(t, db, user, noon()).Generation
			if n%2 == 0 {
				began = time.Now()
				end(t, db, fmt.Sprint("live 1 ", n/2+1), noon().Add(time.Minute), list())
				changes, err := db.ChangesAfter(t.Context(), 0, 100)
				if err != nil || len(changes) == 0 {
					t.Fatalf("got %v, %v", changes, err)
				}
				records, err := db.Records(t.Context(), []int64{mallory.ID, victim.ID}, time.Hour, noon())
				if err != nil || len(records[0].Ended) > 1000 || len(records[1].Ended) != n/2+1 {
					t.Fatalf("got %d and %d ended, %v", len(records[0].Ended), len(records[1].Ended), err)
				}
				revoke = append(revoke, time.Since(began))
			}
		}
		if generation != 2 {
			t.Errorf("mallory's generation is %d, want 2", generation)
		}
		t.Logf("medians: sign-in %v, sign-out %v, revocation until its records are read %v",
			percentile(signIn, 50), percentile(signOut, 50), percentile(revoke, 50))
		if median := percentile(revoke, 50); median > 500*time.Millisecond {
			t.Errorf("a revocation took %v", median)
		}
	})
}
