package store_test

import (
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
)

// sabotage makes the last step of every change of a user fail: no change gets its number any more.
func sabotage(t *testing.T, url string) {
	t.Helper()
	driver, statement := "sqlite", `
		create trigger sabotage before update on change_counter begin select raise(abort, 'sabotage'); end`
	if strings.HasPrefix(url, "postgres") {
		driver, statement = "pgx", `
			create function sabotage() returns trigger language plpgsql as $$ begin raise exception 'sabotage'; end $$;
			create trigger sabotage before update on change_counter for each row execute function sabotage()`
	}
	db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the trigger is there or not
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
}

func TestChangeThatFailsAtItsEndLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		s := start(t, db, ada)
		sabotage(t, url)
		entry := &account.AuditEntry{At: noon(), Actor: account.Actor{Name: "root"}, Action: "edit", TargetID: ada.ID, TargetName: "ada"}
		for name, change := range map[string]account.Change{
			"an edit":    {User: account.User{PasswordHash: "new", Disabled: true, Generation: 2}, EndSessions: true, Audit: entry},
			"a deletion": {User: ada, Delete: true, Audit: entry},
		} {
			_, err := db.UpdateUser(t.Context(), ada.ID, noon(), func(account.User) (account.Change, error) { return change, nil })
			if err == nil {
				t.Errorf("%s: no error", name)
			}
		}
		err := update(t, db, ada, s.ID, func(_ account.User, s account.Session) account.Session {
			s.EndedAt = noon()
			return s
		})
		if err == nil {
			t.Error("the end of a session: no error")
		}
		user, session, err := db.UserWithSession(t.Context(), ada.ID, s.ID)
		if err != nil || user != ada || session != s {
			t.Errorf("got %+v, %+v, %v", user, session, err)
		}
		if log, err := db.Audit(t.Context(), account.AuditQuery{Limit: 10}); err != nil || len(log) != 0 {
			t.Errorf("the audit log holds %+v, %v", log, err)
		}
	})
}

func TestRefusedUpdateLeavesNothingBehind(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada := insert(t, db, "ada")
		_, err := db.UpdateUser(t.Context(), ada.ID, noon(), func(u account.User) (account.Change, error) {
			u.Disabled = true
			return account.Change{User: u}, account.ErrStale
		})
		if !errors.Is(err, account.ErrStale) {
			t.Errorf("got %v, want ErrStale", err)
		}
		if got, _ := db.UserByName(t.Context(), "ada"); got != ada {
			t.Errorf("got %+v", got)
		}
		if at, err := db.ChangeCounter(t.Context()); err != nil || at.Last != 0 {
			t.Errorf("a change got the number %d", at.Last)
		}
	})
}

func TestAuditLogIsAppendOnly(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		store := open(t, url)
		entry := &account.AuditEntry{At: noon(), Actor: account.Actor{Name: "root"}, Action: "create", TargetName: "ada"}
		if _, err := store.InsertUser(t.Context(), account.NewUser{Name: "ada", CreatedAt: noon(), Audit: entry}); err != nil {
			t.Fatal(err)
		}
		driver := "sqlite"
		if strings.HasPrefix(url, "postgres") {
			driver = "pgx"
		}
		db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
		if err != nil {
			t.Fatal(err)
		}
		defer db.Close() //nolint:errcheck // it was only read
		statements := []string{"update audit_log set actor_name = 'eve'", "update audit_log set changes = '[]'", "delete from audit_log"}
		const values = " into audit_log (id, at, actor_name, action, target_id, target_name, detail, address)" +
			" %s values (1, %s, 'eve', 'create', 1, 'ada', '', '')"
		if driver == "sqlite" {
			statements = append(statements, "insert or replace"+fmt.Sprintf(values, "", "1"), "replace"+fmt.Sprintf(values, "", "1"))
		} else {
			statements = append(statements, "truncate audit_log", "insert"+
				fmt.Sprintf(values, "overriding system value", "now()")+" on conflict (id) do update set actor_name = 'eve'")
		}
		for _, statement := range statements {
			if _, err := db.ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: got %v", statement, err)
			}
		}
		log, err := store.Audit(t.Context(), account.AuditQuery{Limit: 10})
		if err != nil || len(log) != 1 || log[0].Actor.Name != "root" || log[0].TargetID == 0 {
			t.Errorf("got %+v, %v", log, err)
		}
	})
}
