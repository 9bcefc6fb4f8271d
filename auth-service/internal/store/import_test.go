package store_test

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"

	"tallygate/auth-service/internal/account"
)

func newcomers(names ...string) []account.NewUser {
	users := make([]account.NewUser, len(names))
	for i, name := range names {
		users[i] = account.NewUser{
			Name: name, PasswordHash: "hash of " + name, Role: account.RoleAdmin, CreatedAt: noon(),
			Audit: &account.AuditEntry{At: noon(), Actor: account.Actor{Name: "root"}, Action: "import", TargetName: name},
		}
	}
	return users
}

func TestUsersAreInsertedUnlessTheirNamesAreTaken(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		users := newcomers("bob", "ada", "carol", "bob")
		users[3].PasswordHash = "other"
		users[2].Audit = nil
		if added, err := db.InsertUsers(t.Context(), users); err != nil || added != 2 {
			t.Fatalf("got %d, %v", added, err)
		}
		if got, err := db.UserByName(t.Context(), "ada"); err != nil || got != ada {
			t.Errorf("the user who was there became %+v, %v", got, err)
		}
		bob, err := db.UserByName(t.Context(), "bob")
		want := account.User{
			ID: bob.ID, Name: "bob", PasswordHash: "hash of bob", Role: account.RoleAdmin, Generation: 1, CreatedAt: noon(),
		}
		if err != nil || bob != want || bob.ID <= ada.ID {
			t.Errorf("got %+v, %v, want %+v", bob, err, want)
		}
		log, err := db.Audit(t.Context(), account.AuditQuery{Limit: 10})
		if err != nil || len(log) != 1 || log[0].TargetID != bob.ID || log[0].TargetName != "bob" {
			t.Errorf("the audit log holds %+v, %v", log, err)
		}
		for _, none := range [][]account.NewUser{nil, users} {
			if added, err := db.InsertUsers(t.Context(), none); err != nil || added != 0 {
				t.Errorf("again: got %d, %v", added, err)
			}
		}
	})
}

func TestCancelledInsertionOfUsersLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		users := newcomers("ada", "bob")
		users[1].Role = "no such role"
		if added, err := db.InsertUsers(t.Context(), users); err == nil || added != 0 {
			t.Errorf("got %d, %v", added, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := db.InsertUsers(ctx, newcomers("carol")); !errors.Is(err, context.Canceled) {
			t.Errorf("got %v, want that the caller is gone", err)
		}
		if got, err := db.Users(t.Context(), account.UserSearch{}, "", 10); err != nil || len(got) != 0 {
			t.Errorf("got %+v, %v", got, err)
		}
		if log, err := db.Audit(t.Context(), account.AuditQuery{Limit: 10}); err != nil || len(log) != 0 {
			t.Errorf("the audit log holds %+v, %v", log, err)
		}
	})
}

func TestManyInsertionsOfTheSameUsersMakeEachOnce(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		const users, importers = 250, 4
		names := make([]string, users)
		for i := range names {
			names[i] = fmt.Sprintf("user-%03d", i)
		}
		var mu sync.Mutex
		var all sync.WaitGroup
		total := 0
		for range importers {
			all.Go(func() {
				added, err := db.InsertUsers(t.Context(), newcomers(names...))
				if err != nil {
					t.Error(err)
				}
				mu.Lock()
				defer mu.Unlock()
				total += added
			})
		}
		all.Wait()
		got, err := db.Users(t.Context(), account.UserSearch{}, "", 1000)
		log, auditErr := db.Audit(t.Context(), account.AuditQuery{Limit: 1000})
		if err != nil || auditErr != nil || len(got) != users || total != users || len(log) != users {
			t.Errorf("got %d users, %d added, %d entries, %v, %v", len(got), total, len(log), err, auditErr)
		}
	})
}
