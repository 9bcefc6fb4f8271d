package store_test

import (
	"context"
	"database/sql"
	"errors"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/fault"
	"tallygate/auth-service/internal/ledger"
	"tallygate/auth-service/internal/store"
)

// holdUser locks the user's row until release, as a call of another replica does. SQLite locks everything.
func holdUser(t *testing.T, url string, id int64) (release func()) {
	t.Helper()
	driver, begin := "sqlite", "begin immediate"
	if strings.HasPrefix(url, "postgres") {
		driver, begin = "pgx", "begin"
	}
	db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	conn, err := db.Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	statements := []string{begin}
	if driver == "pgx" {
		statements = append(statements, "select 1 from users where id = 1 for update")
	}
	for _, statement := range statements {
		if _, err := conn.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	if id != 1 {
		t.Fatal("the first user is the one to hold")
	}
	return sync.OnceFunc(func() {
		_, err := conn.ExecContext(context.WithoutCancel(t.Context()), "rollback")
		if err := errors.Join(err, conn.Close(), db.Close()); err != nil {
			t.Error(err)
		}
	})
}

func TestCallsOfOneUserHoldOneConnectionAndDelayNobodyElse(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, eve := insert(t, db, "ada"), insert(t, db, "eve")
		start(t, db, ada)
		release := holdUser(t, url, ada.ID)
		defer release()
		const many = fault.CrowdedPast + 1 + 70
		ended := make(chan error, many)
		for range many {
			go func() {
				ended <- update(t, db, ada, "session 1", func(_ account.User, s account.Session) account.Session {
					s.LastUsedAt = s.LastUsedAt.Add(time.Second)
					return s
				})
			}()
		}
		for range 70 {
			if err := <-ended; !errors.Is(err, fault.ErrCrowded) {
				t.Fatalf("past the bound: got %v, want ErrCrowded", err)
			}
		}
		eventuallyWaits(t, db)
		if in := db.Pool().Stats().InUse; in != 1 {
			t.Errorf("the calls hold %d connections, want 1", in)
		}
		if _, err := db.UserByName(t.Context(), "eve"); err != nil {
			t.Errorf("a sign-in: %v", err)
		}
		if _, _, err := db.UserWithSession(t.Context(), ada.ID, "session 1"); err != nil {
			t.Errorf("an account call: %v", err)
		}
		if _, err := db.Records(t.Context(), []int64{ada.ID, eve.ID}, time.Hour, noon()); err != nil {
			t.Errorf("a gateway's call: %v", err)
		}
		if strings.HasPrefix(url, "postgres") { // SQLite has one writer
			if _, err := db.StartSession(t.Context(), begin(session(eve, 2), eve.Generation)); err != nil {
				t.Errorf("another user's session: %v", err)
			}
			b := ledger.Batch{Gateway: "g", Sequence: 1, Rows: []ledger.Row{calls(ada.ID, "root", noon(), 1)}}
			if _, err := db.AddBatch(t.Context(), b, noon()); err != nil {
				t.Errorf("a batch: %v", err)
			}
		}
		release()
		for range many - 70 {
			if err := <-ended; err != nil {
				t.Error(err)
			}
		}
	})
}

// eventuallyWaits returns when a call has got to the row that is held.
func eventuallyWaits(t *testing.T, db *store.Store) {
	t.Helper()
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(10 * time.Second); db.Pool().Stats().InUse == 0; <-tick.C {
		if time.Now().After(deadline) {
			t.Fatal("no call has got to the database")
		}
	}
}

func TestTheEndOfItsTimeInsideATransactionIsBusyAndNothingElse(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		first := open(t, url)
		ada := insert(t, first, "ada")
		start(t, first, ada)
		limited := url
		if strings.HasPrefix(url, "postgres") {
			limited += "&statement_timeout=50" // the server's own limit: SQLSTATE 57014
		}
		for what, cfg := range map[string]store.Config{
			"the store's timeout":  {URL: url, MaxConns: 4, Timeout: 100 * time.Millisecond},
			"the server's timeout": {URL: limited, MaxConns: 4, Timeout: 300 * time.Millisecond},
		} {
			cfg.Log = slog.New(slog.DiscardHandler)
			db, err := store.Open(cfg)
			if err != nil {
				t.Fatal(err)
			}
			if err := db.Start(t.Context()); err != nil {
				t.Fatal(err)
			}
			release := holdUser(t, url, ada.ID)
			_, err = db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
				return account.Change{User: u, Delete: true}, nil
			})
			if !errors.Is(err, fault.ErrBusy) || !errors.Is(err, fault.ErrUnavailable) {
				t.Errorf("%s: got %v, want ErrBusy", what, err)
			}
			release()
			// The time is over between two statements.
			_, err = db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
				<-time.After(cfg.Timeout + 50*time.Millisecond)
				return account.Change{User: u, Delete: true}, nil
			})
			if !errors.Is(err, fault.ErrBusy) {
				t.Errorf("%s, between two statements: got %v, want ErrBusy", what, err)
			}
			if err := db.Close(); err != nil {
				t.Error(err)
			}
		}
		if _, err := first.UserByName(t.Context(), "ada"); err != nil {
			t.Errorf("the user: %v", err)
		}
	})
}
