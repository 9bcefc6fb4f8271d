package store_test

import (
	"fmt"
	"strings"
	"testing"

	"tallygate/auth-service/internal/account"
)

// TestRowsOfTheVersionBeforeAreErased: they have names in clear, and a replica of that version goes on writing such rows while
// it runs beside this one.
func TestRowsOfTheVersionBeforeAreErased(t *testing.T) {
	t.Parallel()
	shared.OnEachEmpty(t, func(t *testing.T, url string) {
		const before = 113
		migrateTo(t, url, before)
		now, rest := "1", "(with recursive n(i) as (select 1 union all select i + 1 from n where i < 4500) select i from n) n"
		if strings.HasPrefix(url, "postgres") {
			now, rest = "now()", "generate_series(1, 4500) n"
		}
		add := func(values string) string {
			return "insert into audit_log (at, actor_id, actor_name, action, target_id, target_name, detail, address) " +
				strings.ReplaceAll(values, "NOW", now)
		}
		const many = "select NOW, 1, 'ada', 'edit', 2, 'bob', 'many', '192.0.2.7' from "
		change(
			t, url, "insert into users (username, password_hash, created_at) values ('ada', 'h', "+now+"), ('bob', 'h', "+now+")",
			add("values (NOW, null, 'command line', 'create', 1, 'ada', 'role=admin', '')"),
			add("values (NOW, 1, 'ada', 'edit', 2, 'bob', 'one', '192.0.2.7')"),
			add("values (NOW, 1, 'ada', 'delete', 99, 'eve', '', '192.0.2.7')"),
			add(many+rest),
		)
		db := open(t, url)
		first := func() []string {
			entries, err := db.Audit(t.Context(), account.AuditQuery{Before: 4, Limit: 3})
			var log []string
			for _, e := range entries {
				log = append(log, fmt.Sprintf("%s@%s %s %s", e.Actor.Name, e.Actor.Address, e.Action, e.TargetName))
			}
			return append(log, fmt.Sprint(err))
		}
		want := func(when string, want ...string) {
			t.Helper()
			if got := first(); strings.Join(got, "|") != strings.Join(append(want, "<nil>"), "|") {
				t.Errorf("%s: got %q, want %q", when, got, want)
			}
		}
		want("upgraded", "ada@192.0.2.7 delete ", "ada@192.0.2.7 edit bob", "command line@ create ada")
		if err := erase(t, db, 1); err != nil {
			t.Fatal(err)
		}
		want("erased", "@ delete ", "@ edit bob", "command line@ create ")
		change(t, url, add("values (NOW, 1, 'ada', 'edit', 2, 'bob', 'late', '192.0.2.7')"),
			add("values (NOW, 2, 'bob', 'edit', 1, 'ada', 'late', '192.0.2.7')"))
		if err := db.Sweep(t.Context(), account.Expiry{}); err != nil {
			t.Fatal(err)
		}
		want("swept", "@ delete ", "@ edit bob", "command line@ create ")
		rows := count(t, db, "audit_log")
		inClear := count(t, db, "audit_log where target_name <> '' or address <> '' or actor_name not in ('', 'command line')")
		if rows != 4506 || inClear != 0 {
			t.Errorf("there are %d rows, want 4506, and %d have something in clear", rows, inClear)
		}
		log := auditLog(t, db)
		if log[len(log)-1] != "2 bob@192.0.2.7 edit 1  late" || log[len(log)-2] != "1 @ edit 2 bob late" {
			t.Errorf("the last entries are %q", log[len(log)-2:])
		}
	})
}

func TestOfARowOfTheAuditLogOnlyTheNamesMayGo(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		db := open(t, url)
		ada, bob := insert(t, db, "ada"), insert(t, db, "bob")
		edit(t, db, ada, bob, "one")
		now := "1"
		if strings.HasPrefix(url, "postgres") {
			now = "now()"
		}
		change(t, url, "insert into audit_log (at, actor_id, actor_name, action, target_id, target_name, detail, address)"+
			" values ("+now+", 1, 'ada', 'edit', 2, 'bob', 'two', '192.0.2.7')")
		const names = "actor_name = '', target_name = '', address = ''"
		for _, statement := range []string{
			"update audit_log set target_name = 'eve' where id = 2",
			"update audit_log set target_name = '' where id = 2",
			"update audit_log set " + names + ", detail = '' where id = 2",
			"update audit_log set " + names + ", action = 'x' where id = 2",
			"update audit_log set " + names + ", changes = '[]' where id = 2",
			"update audit_log set " + names + ", target_id = 3 where id = 2",
			"update audit_log set " + names + ", actor_id = null where id = 2",
			"update audit_log set " + names + ", at = " + map[bool]string{true: "'2000-01-01'", false: "2"}[now == "now()"] + " where id = 2",
			"update audit_log set " + names + " where id = 1",
			"update audit_log set target_name = 'eve' where id = 1",
			"update audit_values set sealed = sealed",
			"delete from audit_values",
		} {
			if _, err := db.Pool().ExecContext(t.Context(), statement); err == nil || !strings.Contains(err.Error(), "append-only") {
				t.Errorf("%s: got %v", statement, err)
			}
		}
		wantLog(t, db, "1 ada@192.0.2.7 edit 2 bob one", "1 ada@192.0.2.7 edit 2 bob two")
		change(t, url, "update audit_log set "+names+" where id = 2")
		wantLog(t, db, "1 ada@192.0.2.7 edit 2 bob one", "1 @ edit 2  two")
	})
}
