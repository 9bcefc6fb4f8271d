package store_test

import (
	"bytes"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"tallygate/auth-service/internal/account"
	"tallygate/auth-service/internal/store"
)

// edit changes a user in the name of another one, which the audit log records.
func edit(t *testing.T, db *store.Store, by, of account.User, detail string) {
	t.Helper()
	entry := account.AuditEntry{
		At: noon(), Actor: account.Actor{ID: by.ID, Name: by.Name, Address: "192.0.2.7"}, Action: "edit",
		TargetID: of.ID, TargetName: of.Name, Detail: detail,
	}
	_, err := db.UpdateUser(t.Context(), of.ID, noon(), func(u account.User) (account.Change, error) {
		return account.Change{User: u, Audit: &entry}, nil
	})
	if err != nil {
		t.Fatal(err)
	}
}

func erase(t *testing.T, db *store.Store, id int64) error {
	t.Helper()
	_, err := db.UpdateUser(t.Context(), id, noon(), func(u account.User) (account.Change, error) {
		entry := &account.AuditEntry{At: noon(), Actor: account.Actor{Name: "command line"}, Action: "delete", TargetID: id, TargetName: u.Name}
		return account.Change{User: u, Delete: true, Audit: entry}, nil
	})
	return err
}

// auditLog is the audit log as text, the oldest entry first.
func auditLog(t *testing.T, db *store.Store) (log []string) {
	t.Helper()
	entries, err := db.Audit(t.Context(), account.AuditQuery{Limit: account.MaxPage})
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		log = append([]string{fmt.Sprintf("%d %s@%s %s %d %s %s", e.Actor.ID, e.Actor.Name, e.Actor.Address, e.Action, e.TargetID,
			e.TargetName, e.Detail)}, log...)
	}
	return log
}

func wantLog(t *testing.T, db *store.Store, want ...string) {
	t.Helper()
	if got := auditLog(t, db); strings.Join(got, "\n") != strings.Join(want, "\n") {
		t.Errorf("the audit log is\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
	}
}

func TestAuditLogNamesThoseWhoLive(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, bob := insert(t, db, "ada"), insert(t, db, "bob")
		edit(t, db, ada, bob, "one")
		edit(t, db, bob, ada, "two")
		wantLog(t, db, "1 ada@192.0.2.7 edit 2 bob one", "2 bob@192.0.2.7 edit 1 ada two")
		if err := erase(t, db, ada.ID); err != nil {
			t.Fatal(err)
		}
		wantLog(t, db, "1 @ edit 2 bob one", "2 bob@192.0.2.7 edit 1  two", "0 command line@ delete 1  ")
	})
}

func TestOfTwoDeletionsAtOnceOneSucceeds(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		replicas := []*store.Store{open(t, url), open(t, url)}
		ada := insert(t, replicas[0], "ada")
		edit(t, replicas[0], ada, ada, "one")
		results := make(chan error, 20)
		for i := range cap(results) {
			go func() { results <- erase(t, replicas[i%2], ada.ID) }()
		}
		done := 0
		for range cap(results) {
			switch err := <-results; {
			case err == nil:
				done++
			case !errors.Is(err, account.ErrNoUser):
				t.Error(err)
			}
		}
		if done != 1 {
			t.Errorf("%d deletions succeeded", done)
		}
		wantLog(t, replicas[0], "1 @ edit 1  one", "0 command line@ delete 1  ")
	})
}

func TestDeletionThatFailsAtItsEndErasesNothing(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		s := start(t, db, ada)
		edit(t, db, ada, ada, "one")
		sabotage(t, url)
		if err := erase(t, db, ada.ID); err == nil {
			t.Error("no error")
		}
		wantLog(t, db, "1 ada@192.0.2.7 edit 1 ada one")
		if user, session, err := db.UserWithSession(t.Context(), ada.ID, s.ID); err != nil || user != ada || session != s {
			t.Errorf("got %+v, %+v, %v", user, session, err)
		}
		if erased, err := db.Erased(t.Context(), 0, 10); err != nil || len(erased) != 0 || count(t, db, "known_addresses") != 1 {
			t.Errorf("erased are %v, %v", erased, err)
		}
	})
}

// TestEntriesAtOnceOfOnePersonAreUnderOneKey: whoever comes second must not seal with a key that is not stored. Two
// administrators who edit each other for the first time need each other's rows.
func TestEntriesAtOnceOfOnePersonAreUnderOneKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		replicas := []*store.Store{open(t, url), open(t, url)}
		var users []account.User
		for i := range 6 {
			users = append(users, insert(t, replicas[0], fmt.Sprint("user", i)))
		}
		var all sync.WaitGroup
		for i, of := range users {
			by := users[(i+1)%2]
			all.Go(func() { edit(t, replicas[i%2], by, of, "") })
		}
		all.Wait()
		for _, line := range auditLog(t, replicas[0]) {
			if strings.Count(line, " user") != 2 {
				t.Errorf("%q lacks a name", line)
			}
		}
	})
}

func TestNameThatWasTamperedWithIsNotShown(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		var log bytes.Buffer
		db, err := store.Open(store.Config{URL: url, MaxConns: 4, Timeout: time.Minute, Log: slog.New(slog.NewTextHandler(&log, nil))})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = db.Close() })
		if err := db.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		ada, bob, eve := insert(t, db, "ada"), insert(t, db, "bob"), insert(t, db, "eve")
		edit(t, db, ada, bob, "")
		edit(t, db, eve, bob, "")
		unguard := "drop trigger audit_values_no_update"
		if strings.HasPrefix(url, "postgres") {
			unguard = "drop trigger audit_values_append_only on audit_values"
		}
		change(t, url, unguard, "update audit_values set sealed ="+
			" (select sealed from audit_values where audit_id = 2 and member = 'target') where audit_id = 1 and member = 'target'")
		wantLog(t, db, "1 ada@192.0.2.7 edit 2  ", "3 eve@192.0.2.7 edit 2 bob ")
		if got := log.String(); !strings.Contains(got, "tampered") || !strings.Contains(got, "entry=1 member=target") || strings.Contains(got, "ada") {
			t.Errorf("the log says %s", got)
		}
	})
}

func TestErasedUsersAreListedUntilTheyAreSwept(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		for _, name := range []string{"ada", "bob", "eve"} {
			insert(t, db, name)
		}
		began := time.Now().Add(-time.Minute)
		change(t, url, "delete from users where id = 3") // as the version before does
		if err := erase(t, db, 1); err != nil {
			t.Fatal(err)
		}
		erased, err := db.Erased(t.Context(), 0, 10)
		if err != nil || len(erased) != 2 || erased[0].ID != 1 || erased[1].ID != 3 {
			t.Fatalf("got %v, %v", erased, err)
		}
		for _, u := range erased {
			if u.At.Before(began) || u.At.After(time.Now().Add(time.Minute)) {
				t.Errorf("%d was erased at %v", u.ID, u.At)
			}
		}
		if next, err := db.Erased(t.Context(), 1, 1); err != nil || len(next) != 1 || next[0].ID != 3 {
			t.Errorf("after 1: got %v, %v", next, err)
		}
		if err := db.Sweep(t.Context(), account.Expiry{Erased: began}); err != nil || count(t, db, "erased_users") != 2 {
			t.Errorf("%d are left, %v", count(t, db, "erased_users"), err)
		}
		if err := db.Sweep(t.Context(), account.Expiry{Erased: time.Now().Add(time.Hour)}); err != nil || count(t, db, "erased_users") != 0 {
			t.Errorf("%d are left, %v", count(t, db, "erased_users"), err)
		}
	})
}

// TestSweepEmptiesTheLogOfSQLite also when somebody reads meanwhile: then the next one does.
func TestSweepEmptiesTheLogOfSQLite(t *testing.T) {
	t.Parallel()
	url := shared.SQLite(t)
	db := open(t, url)
	insert(t, db, "ada")
	size := func() int64 {
		info, err := os.Stat(strings.TrimPrefix(url, "sqlite:") + "-wal")
		if err != nil {
			t.Fatal(err)
		}
		return info.Size()
	}
	reader, err := db.Pool().Conn(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	defer reader.Close() //nolint:errcheck // it only reads
	read := func(statement string) {
		t.Helper()
		if _, err := reader.ExecContext(t.Context(), statement); err != nil {
			t.Fatal(err)
		}
	}
	read("begin deferred; select count(*) from users")
	insert(t, db, "bob")
	if err := db.Sweep(t.Context(), account.Expiry{}); err != nil || size() == 0 {
		t.Errorf("while somebody reads: %v, %d bytes", err, size())
	}
	read("rollback")
	if err := db.Sweep(t.Context(), account.Expiry{}); err != nil || size() != 0 {
		t.Errorf("%v, %d bytes are left", err, size())
	}
	insert(t, db, "eve")
}
