package main

import (
	"bytes"
	"context"
	"database/sql"
	"errors"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/gin-gonic/gin"
)

// childWords is the variable that makes the test binary run a command instead of tests. Locks of files are between processes.
const childWords = "TALLYGATE_TEST_WORDS"

func TestMain(m *testing.M) {
	if words, ok := os.LookupEnv(childWords); ok {
		os.Exit(runCommand(context.Background(), strings.Split(words, "\n"), os.LookupEnv, streams{in: os.Stdin, out: os.Stdout, err: os.Stderr}))
	}
	gin.SetMode(gin.ReleaseMode) // as main does
	os.Exit(shared.Main(m))
}

// child runs a command in a process of its own.
func child(t *testing.T, vars map[string]string, words ...string) (code int, out string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), childWords+"="+strings.Join(words, "\n"))
	for name, value := range vars {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	text, err := cmd.CombinedOutput()
	if _, failed := errors.AsType[*exec.ExitError](err); err != nil && !failed {
		t.Fatal(err)
	}
	return cmd.ProcessState.ExitCode(), string(text)
}

// wantChild fails the test if a command ends otherwise.
func wantChild(t *testing.T, vars map[string]string, code int, says string, words ...string) string {
	t.Helper()
	got, out := child(t, vars, words...)
	if got != code || !strings.Contains(out, says) {
		t.Fatalf("%v: got %d %s, want %d %s", words, got, out, code, says)
	}
	return out
}

func databaseOf(vars map[string]string) string {
	return strings.TrimPrefix(vars["DATABASE_URL"], "sqlite:")
}

// query reads one value of a database.
func query[T any](t *testing.T, path, statement string) (value T) {
	t.Helper()
	db, err := sql.Open("sqlite", "file:"+path+"?mode=rw&_pragma=busy_timeout(5000)")
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it is read
	if err := db.QueryRowContext(t.Context(), statement).Scan(&value); err != nil {
		t.Fatalf("%s: %v", statement, err)
	}
	return value
}

// alter changes a database behind the back of auth-service.
func alter(t *testing.T, path, statement string) {
	t.Helper()
	db, err := sql.Open("sqlite", path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := db.ExecContext(t.Context(), statement); err != nil {
		t.Fatal(err)
	}
	if err := db.Close(); err != nil {
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

func write(t *testing.T, path string, text []byte) {
	t.Helper()
	if err := os.WriteFile(path, text, 0o600); err != nil {
		t.Fatal(err)
	}
}

// withRoot are settings of an installation that has the user root.
func withRoot(t *testing.T) map[string]string {
	t.Helper()
	vars := settings(t)
	if code, out := runWith(t, vars, "123456\n", "admin", "create", "root"); code != 0 {
		t.Fatal(out)
	}
	return vars
}

func namesIn(t *testing.T, folder string) (names []string) {
	t.Helper()
	entries, err := os.ReadDir(folder)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

func TestABackUpIsANewFileForThisUserOnly(t *testing.T) {
	t.Parallel()
	vars, folder := withRoot(t), t.TempDir()
	file := filepath.Join(folder, "tallygate.bak")
	out := wantChild(t, vars, 0, "bytes, 1 users, 0 calls and 0 units in the ledger", "backup", file)
	if !strings.Contains(out, "The ledger in it agrees.") {
		t.Errorf("got %s", out)
	}
	info, err := os.Stat(file)
	if err != nil || info.Mode() != 0o600 {
		t.Errorf("mode %v, %v", info.Mode(), err)
	}
	before := read(t, file)
	wantChild(t, vars, 1, "exists already, and is not overwritten", "backup", file)
	if !bytes.Equal(read(t, file), before) {
		t.Error("the second back-up changed the first")
	}
	if names := namesIn(t, folder); len(names) != 1 {
		t.Errorf("the folder has %v", names)
	}
	vars["DATABASE_URL"] += ".missing"
	wantChild(t, vars, 1, "there is no database at", "backup", filepath.Join(folder, "other.bak"))
	if _, err := os.Stat(databaseOf(vars)); err == nil {
		t.Error("a back-up made the database that it looked for")
	}
}

func TestABackUpThatIsBrokenOffLeavesNothing(t *testing.T) {
	t.Parallel()
	vars, folder := withRoot(t), t.TempDir()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	var out bytes.Buffer
	words := []string{"backup", filepath.Join(folder, "tallygate.bak")}
	if code := runCommand(ctx, words, lookup(vars), streams{out: &out, err: &out}); code != 1 || !strings.Contains(out.String(), "nothing was backed up") {
		t.Errorf("got %d %s", code, out.String())
	}
	if names := namesIn(t, folder); len(names) != 0 {
		t.Errorf("the folder has %v", names)
	}
}

func TestABackUpOfALedgerThatDisagreesIsKeptAndSaysSo(t *testing.T) {
	t.Parallel()
	vars, file := withRoot(t), filepath.Join(t.TempDir(), "tallygate.bak")
	alter(t, databaseOf(vars), "insert into usage_hours values (7, 0, 'root', 5, 0, 0, 0, 0, 0, 0)")
	out := wantChild(t, vars, 1, "the ledger in it does not agree with itself", "backup", file)
	if !strings.Contains(out, "all rows: {Requests:5 ") || len(read(t, file)) == 0 {
		t.Errorf("got %s", out)
	}
}

func TestPostgreSQLHasToolsOfItsOwn(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	vars["DATABASE_URL"] = "postgres://tallygate:swordfish@127.0.0.1:1/tallygate"
	apart := maps.Clone(vars)
	apart["DATABASE_URL"], apart["DATABASE_PASSWORD"] = "postgresql://tallygate@127.0.0.1:1/tallygate", "swordfish"
	for command, tool := range map[string]string{"backup": "pg_dump", "restore": "pg_restore"} {
		for _, vars := range []map[string]string{vars, apart} {
			if out := wantChild(t, vars, 2, tool, command, "file"); strings.Contains(out, "swordfish") {
				t.Errorf("%s shows the password: %s", command, out)
			}
		}
	}
}
