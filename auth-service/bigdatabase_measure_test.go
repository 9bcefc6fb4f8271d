//go:build measure

package main

import (
	"database/sql"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"
)

// manyUsers is how many users the database of the measurements has, each with a session and ten rows in the ledger.
const manyUsers = 1_000_000

// fillDatabase writes users, sessions and a ledger that agrees with itself into the SQLite database at path: eight days that are
// rolled up, their month, and an hour that is not rolled.
func fillDatabase(t *testing.T, path string, users int) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=synchronous(off)&_pragma=cache_size(-200000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // the statements have told
	first := time.Date(2026, 3, 1, 0, 0, 0, 0, time.UTC)
	const day = int64(24 * time.Hour / time.Microsecond)
	micro, rolled := first.UnixMicro(), first.UnixMicro()+8*day
	hour := rolled + 10*day/24
	each := fmt.Sprintf("with recursive n(i) as (select 2 union all select i + 1 from n where i < %d) ", users)
	const counts = "requests, client_errors, server_errors, rate_limited, bytes_in, bytes_out, extra_units"
	for _, statement := range []string{
		"insert into users (id, username, password_hash, created_at) " + each +
			fmt.Sprintf("select i, printf('user-%%07d', i), (select password_hash from users where id = 1), %d + i from n", micro),
		"insert into sessions (id, user_id, created_at, last_used_at, expires_at, client, address, live_hash) " + each + fmt.Sprintf(
			"select lower(hex(randomblob(11))), i, %d, %d, %d, 'curl/8.9.1', '203.0.113.7', randomblob(32) from n", micro, micro+day, micro+400*day),
		"insert into usage_days (user_id, day, route, " + counts + ") " + each + ", d(k) as (select 0 union all select k + 1 from d where k < 7) " +
			fmt.Sprintf("select i, %d + k * %d, 'root', 3 + k, 1, 0, 0, 100 + i %% 7, 2000, 0 from n cross join d", micro, day),
		"insert into usage_hours (user_id, hour, route, " + counts + ") " + each +
			fmt.Sprintf("select i, %d, 'root', 5, 1, 0, 0, 100, 2000, 0 from n", hour),
		fmt.Sprintf("insert into usage_months select user_id, %d, route, sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), "+
			"sum(bytes_in), sum(bytes_out), sum(extra_units) from usage_days group by user_id, route", micro),
		fmt.Sprintf("insert into usage_today select %d, user_id, requests from usage_hours", rolled),
		"insert into usage_totals select day, day, route, sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), " +
			"sum(bytes_in), sum(bytes_out), sum(extra_units) from usage_days group by day, route",
		fmt.Sprintf("insert into usage_totals select hour, %d, route, sum(requests), sum(client_errors), sum(server_errors), sum(rate_limited), "+
			"sum(bytes_in), sum(bytes_out), sum(extra_units) from usage_hours group by hour, route", rolled),
		fmt.Sprintf("insert into usage_gateways (gateway, applied, delivered_at, "+counts+") select 'g1', 1, %d, sum(requests), sum(client_errors), "+
			"sum(server_errors), sum(rate_limited), sum(bytes_in), sum(bytes_out), sum(extra_units) from usage_totals", hour),
		fmt.Sprintf("update ledger_marks set rolled = %[1]d, pruned = %[1]d, rolled_with_units = %[1]d", rolled),
	} {
		if _, err := db.ExecContext(t.Context(), statement); err != nil {
			t.Fatalf("%.80s: %v", statement, err)
		}
	}
}

// bigDatabase is an installation with manyUsers and ten times as many rows in the ledger. It is made once, if the variable says where.
func bigDatabase(t *testing.T) map[string]string {
	t.Helper()
	vars := settings(t)
	if kept := os.Getenv("TALLYGATE_MEASURE_DATABASE"); kept != "" {
		vars["DATABASE_URL"] = "sqlite:" + kept
		if _, err := os.Stat(kept); err == nil {
			return vars
		}
	}
	if code, out := runWith(t, vars, "123456\n", "admin", "create", "root"); code != 0 {
		t.Fatal(out)
	}
	began := time.Now()
	fillDatabase(t, databaseOf(vars), manyUsers)
	t.Logf("made %d users in %v", manyUsers, time.Since(began).Round(time.Second))
	return vars
}

// measured runs a command in a process of its own, and returns how long it took and its peak memory.
func measured(t *testing.T, vars map[string]string, words ...string) (took time.Duration, kib int64, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childWords+"="+strings.Join(words, "\n"))
	for name, value := range vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	began := time.Now()
	text, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%v: %v: %s", words, err, text)
	}
	took = time.Since(began)
	usage, ok := cmd.ProcessState.SysUsage().(*syscall.Rusage)
	if !ok {
		t.Fatal("the system does not tell the process's memory")
	}
	return took, usage.Maxrss, string(text)
}
