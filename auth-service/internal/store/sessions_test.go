package store_test

import (
	"errors"
	"fmt"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

func hash(n int) (h account.RefreshHash) {
	h[0], h[1], h[2] = 1, byte(n>>8), byte(n)
	return h
}

func session(user account.User, n int) account.Session {
	return account.Session{
		ID: fmt.Sprintf("session %d", n), UserID: user.ID, CreatedAt: noon(), LastUsedAt: noon(),
		ExpiresAt: noon().Add(time.Hour), Client: "curl", Address: "192.0.2.1", Live: hash(n),
	}
}

func begin(s account.Session, generation int64) account.NewSession {
	return account.NewSession{Session: s, Keep: 1000, Generation: generation, KnownAddress: s.Address}
}

// list bounds the list of ended sessions as the domain does.
func list() account.EndedList { return account.EndedList{Life: time.Hour, Max: 1000} }

func update(t *testing.T, db *store.Store, user account.User, id string, change func(account.User, account.Session) account.Session) error {
	t.Helper()
	return db.UpdateSession(t.Context(), account.SessionChange{UserID: user.ID, SessionID: id, EndedList: list(), Update: change})
}

func start(t *testing.T, db *store.Store, user account.User) account.Session {
	t.Helper()
	s := session(user, 1)
	if _, err := db.StartSession(t.Context(), begin(s, user.Generation)); err != nil {
		t.Fatal(err)
	}
	return s
}

func TestSessionIsKeptAsItWasStarted(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		want := start(t, db, ada)
		user, got, err := db.UserWithSession(t.Context(), ada.ID, want.ID)
		if err != nil || user != ada || got != want {
			t.Errorf("got %+v, %+v, %v, want %+v", user, got, err, want)
		}
		if _, _, err := db.UserWithSession(t.Context(), ada.ID, "another"); !errors.Is(err, account.ErrNoSession) {
			t.Errorf("got %v, want ErrNoSession", err)
		}
		eve := insert(t, db, "eve")
		if _, _, err := db.UserWithSession(t.Context(), eve.ID, want.ID); !errors.Is(err, account.ErrNoSession) {
			t.Errorf("somebody else's session: got %v, want ErrNoSession", err)
		}
	})
}

func TestSessionIsNotStartedForAnOlderGeneration(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		if _, err := db.StartSession(t.Context(), begin(session(ada, 1), ada.Generation-1)); !errors.Is(err, account.ErrStale) {
			t.Errorf("got %v, want ErrStale", err)
		}
		if _, err := db.StartSession(t.Context(), begin(session(account.User{ID: 99}, 2), 1)); !errors.Is(err, account.ErrStale) {
			t.Errorf("no such user: got %v, want ErrStale", err)
		}
	})
}

func TestManyUpdatesOfOneSessionHappenOneAfterTheOther(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		start(t, db, ada)
		var all sync.WaitGroup
		for range 40 {
			all.Go(func() {
				err := update(t, db, ada, "session 1", func(_ account.User, s account.Session) account.Session {
					s.LastUsedAt = s.LastUsedAt.Add(time.Second)
					return s
				})
				if err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		_, got, err := db.UserWithSession(t.Context(), ada.ID, "session 1")
		if want := noon().Add(40 * time.Second); err != nil || !got.LastUsedAt.Equal(want) {
			t.Errorf("got %v, %v, want %v", got.LastUsedAt, err, want)
		}
	})
}

func TestEndedSessionStandsInTheRecordAsLongAsItsTokensLive(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		s := start(t, db, ada)
		ended := noon().Add(time.Minute)
		err := update(t, db, ada, s.ID, func(_ account.User, s account.Session) account.Session {
			s.EndedAt = ended
			return s
		})
		if err != nil {
			t.Fatal(err)
		}
		for _, look := range []struct {
			when time.Time
			want int
		}{{ended, 1}, {ended.Add(time.Hour - time.Microsecond), 1}, {ended.Add(time.Hour), 0}} {
			records, err := db.Records(t.Context(), []int64{ada.ID, 99}, time.Hour, look.when)
			if err != nil {
				t.Fatal(err)
			}
			got := records[0]
			if !got.Exists || got.Generation != 1 || got.Version != 1 || len(got.Ended) != look.want {
				t.Errorf("at %v: got %+v, want %d ended", look.when, got, look.want)
			}
			if look.want == 1 && (got.Ended[0].ID != s.ID || !got.Ended[0].Until.Equal(ended.Add(time.Hour))) {
				t.Errorf("got %+v", got.Ended[0])
			}
			if records[1].Exists || records[1].UserID != 99 {
				t.Errorf("unknown user: got %+v", records[1])
			}
		}
	})
}
