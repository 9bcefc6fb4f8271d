package main

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	_ "github.com/jackc/pgx/v5/stdlib"

	"tallygate/auth-service/internal/store/pgtest"
)

// ofPostgres runs a statement on a database of PostgreSQL and returns the first value; "" if there is none.
func ofPostgres(t *testing.T, url, statement string) string {
	t.Helper()
	db, err := sql.Open("pgx", url)
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statement has told
	rows, err := db.QueryContext(t.Context(), statement)
	if err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	defer rows.Close() //nolint:errcheck // Err tells
	var text sql.NullString
	if rows.Next() {
		if err := rows.Scan(&text); err != nil {
			t.Fatal(err)
		}
	}
	if err := rows.Err(); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return text.String
}

// copied returns settings of the copy.
func copied(vars map[string]string, target string) map[string]string {
	more := maps.Clone(vars)
	more["DATABASE_URL"] = target
	delete(more, "TO_DATABASE_URL")
	return more
}

func TestACopyInPostgreSQLGoesOnWhereSQLiteEnded(t *testing.T) {
	t.Parallel()
	target := shared.EmptyPostgres(t)
	vars := lasting(settings(t))
	vars["MONTHLY_QUOTA"] = "100000"
	in := install(t, vars)
	everyTableHasRows(t, databaseOf(vars))
	highest := query[int64](t, databaseOf(vars), "select seq from sqlite_sequence where name = 'audit_log'")
	vars["TO_DATABASE_URL"] = target
	wantChild(t, vars, 0, "Copied and compared", "copy-database")
	wantChild(t, vars, 0, "was finished at", "copy-database")
	if got := ofPostgres(t, target, "select max(id) = "+"pg_sequence_last_value(pg_get_serial_sequence('audit_log', 'id')::regclass) from audit_log"); got != "true" {
		t.Errorf("the next entry of the audit log does not follow the last one, %d", highest)
	}
	in.check(t, copied(vars, target), true)
}

func everyTableHasRows(t *testing.T, path string) {
	t.Helper()
	for _, table := range tablesIn(t, path) {
		if query[int](t, path, "select count(*) from "+table) == 0 {
			t.Errorf("the installation has no row in %s: add some to install", table)
		}
	}
}

// tablesIn are the tables of an SQLite database that are copied.
func tablesIn(t *testing.T, path string) []string {
	t.Helper()
	list := query[string](t, path, "select group_concat(name, ' ') from sqlite_schema where type = 'table' and name not like 'sqlite\\_%' escape '\\'")
	return slices.DeleteFunc(strings.Fields(list), func(name string) bool { return name == "goose_db_version" })
}

func TestOnlyAnEmptyPostgreSQLIsCopiedInto(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	vars["TO_DATABASE_URL"] = shared.EmptyPostgres(t)
	ofPostgres(t, vars["TO_DATABASE_URL"], "create table somebodys (id integer)")
	wantChild(t, vars, 1, "the target has tables already", "copy-database")
	vars["TO_DATABASE_URL"] = shared.EmptyPostgres(t)
	if code, out := runWith(t, copied(vars, vars["TO_DATABASE_URL"]), "", "ledger", "verify"); code != 0 { // this makes the schema
		t.Fatal(out)
	}
	wantChild(t, vars, 1, "the target has tables already", "copy-database")

	target, other := shared.EmptyPostgres(t), withRoot(t)
	other["TO_DATABASE_URL"], vars["TO_DATABASE_URL"] = target, target
	wantChild(t, vars, 0, "Copied and compared", "copy-database")
	wantChild(t, other, 1, "the target has the copy of another database", "copy-database")
	if got := ofPostgres(t, target, "select count(*) from users"); got != "1" {
		t.Errorf("the copy has %s users", got)
	}
}

func TestOnlyTheSameSchemaAndUTF8AreCopied(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	empty := shared.EmptyPostgres(t)
	vars["TO_DATABASE_URL"] = empty
	newest := query[int](t, databaseOf(vars), "select max(version_id) from goose_db_version")
	alter(t, databaseOf(vars), "insert into goose_db_version (version_id, is_applied) values (99999, true)")
	wantChild(t, vars, 1, "is from a newer version: its schema is 99999", "copy-database")
	alter(t, databaseOf(vars), fmt.Sprintf("delete from goose_db_version where version_id >= %d", newest))
	wantChild(t, vars, 1, "of an older version", "copy-database")
	alter(t, databaseOf(vars), fmt.Sprintf("insert into goose_db_version (version_id, is_applied) values (%d, true)", newest))
	alter(t, databaseOf(vars), "create table somebodys (id integer)")
	wantChild(t, vars, 1, "it has the column somebodys.id, which Tallygate does not know", "copy-database")
	alter(t, databaseOf(vars), "drop table somebodys")
	ofPostgres(t, empty, "create database latin encoding 'LATIN1' lc_collate 'C' lc_ctype 'C' template template0")
	other, _, _ := strings.Cut(strings.TrimPrefix(empty, "postgres:///"), "?")
	vars["TO_DATABASE_URL"] = strings.Replace(empty, "/"+other+"?", "/latin?", 1)
	wantChild(t, vars, 1, "the target's encoding is LATIN1: create it with the encoding UTF8", "copy-database")
	vars["TO_DATABASE_URL"] = empty
	wantChild(t, vars, 0, "Copied and compared", "copy-database")
}

func TestNoCopyOfADatabaseInUse(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	vars["TO_DATABASE_URL"] = shared.EmptyPostgres(t)
	r := start(t, vars)
	waitUntil(t, "ready", func() bool { return r.ready(t) })
	wantChild(t, vars, 1, "is in use: stop auth-service first", "copy-database")
	if err := r.stop(); err != nil {
		t.Fatal(err)
	}
	wantChild(t, vars, 0, "Copied and compared", "copy-database")
}

// TestACopyThatIsKilledGoesOn kills the command again and again, each time after another table was begun.
func TestACopyThatIsKilledGoesOn(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	target := shared.EmptyPostgres(t)
	vars["TO_DATABASE_URL"] = target
	alter(t, databaseOf(vars), "with recursive n(i) as (select 2 union all select i + 1 from n where i < 50000) insert into users "+
		"(id, username, password_hash, created_at) select i, 'user-' || i, 'x', i from n")
	alter(t, databaseOf(vars), "insert into known_addresses (user_id, address, last_used_at) select id, '192.0.2.1', 7 from users")
	const begun = "select count(*) from database_copy_tables"
	for kills := range 3 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), childWords+"=copy-database", "DATABASE_URL="+vars["DATABASE_URL"], "TO_DATABASE_URL="+target)
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		want := []string{"1", "5", "12"}[kills]
		waitUntil(t, "the copy", func() bool {
			return ofPostgres(t, target, "select to_regclass('database_copy_tables') is not null") == "true" &&
				ofPostgres(t, target, "select count(*) >= "+want+" from database_copy_tables") == "true"
		})
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		if err := <-ended; err == nil {
			t.Fatal("the copy was finished before it was killed")
		}
		if got := ofPostgres(t, target, begun); got == "0" {
			t.Errorf("kill %d: nothing was copied", kills)
		}
		if err := run(context.WithoutCancel(t.Context()), lookup(copied(vars, target)), os.Stderr); err == nil || !strings.Contains(err.Error(), "is a copy that is not finished") {
			t.Errorf("a start on half of a copy: got %v", err)
		}
	}
	out := wantChild(t, vars, 0, "Copied and compared", "copy-database")
	if strings.Contains(out, "begins anew") {
		t.Errorf("it did not go on: %s", out)
	}
	if got := ofPostgres(t, target, "select count(*) || ' ' || sum(extract(epoch from created_at) * 1000000)::bigint from users where id > 1"); got != "49999 1250024999" {
		t.Errorf("got %s", got)
	}
}

func TestACopyBeginsAnewWhenTheSourceWasUsed(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	target := shared.EmptyPostgres(t)
	vars["TO_DATABASE_URL"] = target
	alter(t, databaseOf(vars), "insert into usage_batches values ('a' || char(0), 1)") // the last tables: users are copied before
	wantChild(t, vars, 1, "usage_batches, gateway = \"a\\x00\", sequence = 1: gateway has a NUL character", "copy-database")
	alter(t, databaseOf(vars), "delete from usage_batches")
	if code, out := runWith(t, vars, "123456\n", "admin", "create", "ada"); code != 0 {
		t.Fatal(out)
	}
	wantChild(t, vars, 0, "it begins anew", "copy-database")
	if got := ofPostgres(t, target, "select count(*) from users"); got != "2" {
		t.Errorf("the copy has %s users", got)
	}
}

// TestWhatPostgreSQLDoesNotTakeIsToldByRow changes a database behind the back of auth-service.
func TestWhatPostgreSQLDoesNotTakeIsToldByRow(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	vars["TO_DATABASE_URL"] = shared.EmptyPostgres(t)
	path := databaseOf(vars)
	for _, statement := range []string{
		"pragma ignore_check_constraints = 1; update users set disabled = 7, role = cast(x'fffe' as text), created_at = 1.5 where id = 1",
		"insert into usage_batches values ('a' || char(0), 1), ('b', 1.5), ('c', 'x')",
		"insert into usage_days values (7, 5, 'a' || char(0), 1, 1, 1, 1, 1, 1, 0)",
		"insert into guess_counters values ('text', 1, 1, 1, 1, 1, null), (x'01', 5000000000, 1, 1, 1, 1, null), (x'02', 1, 1, -9223372036854775808, 1, 1, null)",
		"insert into sessions values (null, 1, 1, 1, 1, null, 'c', 'a', x'', null, null, 0)",
	} {
		alter(t, path, statement)
	}
	out := wantChild(t, vars, 1, "the same command goes on from it", "copy-database")
	for _, says := range []string{
		"users, id = 1: role is no valid UTF-8", `usage_batches, gateway = "a\x00", sequence = 1: gateway has a NUL character`,
		`usage_batches, gateway = "b", sequence = 1.5: sequence is of the wrong type: real`, `usage_batches, gateway = "c", sequence = "x": sequence is of the wrong type: text`,
		`usage_days, user_id = 7, day = 1970-01-01T00:00:00.000005Z, route = "a\x00": route has a NUL`,
		`guess_counters, key = "text": key is of the wrong type: text`, "guess_counters, key = 01: failures is too large: 5000000000",
		"guess_counters, key = 02: pending_until is a time before all", "sessions, id = null: id is null",
	} {
		if !strings.Contains(out, says) {
			t.Errorf("%q is not told in %s", says, out)
		}
	}
	alter(t, path, "delete from usage_batches")
	alter(t, path, "delete from guess_counters")
	alter(t, path, "delete from usage_days")
	alter(t, path, "delete from sessions")
	alter(t, path, "update users set role = 'admin'")
	wantChild(t, vars, 1, "users, id = 1: disabled is neither true nor false: 7", "copy-database")
	alter(t, path, "update users set disabled = 0")
	wantChild(t, vars, 1, "users, id = 1: created_at is of the wrong type: real", "copy-database")
	alter(t, path, "pragma ignore_check_constraints = 1; update users set created_at = 1, monthly_quota = -1")
	wantChild(t, vars, 1, "users, id = 1: PostgreSQL refuses it: new row for relation \"users\" violates check constraint", "copy-database")
	alter(t, path, "update users set monthly_quota = null")
	alter(t, path, "update users set username = hex(randomblob(9000))")
	wantChild(t, vars, 1, "users, id = 1: PostgreSQL refuses it: index row", "copy-database")
	alter(t, path, "update users set username = 'root'")
	wantChild(t, vars, 0, "Copied and compared", "copy-database")
}

func TestAPasswordOnTheCommandLineIsRefused(t *testing.T) {
	t.Parallel()
	vars := withRoot(t)
	for _, to := range []string{"postgres://ada:secret@db/x", "postgres://ada@db/x?password=secret", "postgres://db/x?user=ada&sslpassword=secret"} {
		out := wantChild(t, vars, 2, "everybody on this machine can read", "copy-database", "--to", to)
		if strings.Contains(out, "secret") {
			t.Errorf("the password is repeated: %s", out)
		}
	}
	wantChild(t, vars, 2, "-to is not postgres://", "copy-database", "--to", "sqlite:x")
	wantChild(t, vars, 1, "TO_DATABASE_URL: is required", "copy-database")
	target := shared.EmptyPostgres(t)
	wantChild(t, vars, 0, "Copied and compared", "copy-database", "--to", target)
	vars["TO_DATABASE_URL"] = target
	wantChild(t, vars, 1, "TO_DATABASE_URL: is set, and -to is given, too", "copy-database", "--to", target)
	vars["DATABASE_URL"] = target
	wantChild(t, vars, 2, "the database is PostgreSQL, which has its own tools", "copy-database")
}

// shared has a server for the tests of this package.
var shared pgtest.Shared
