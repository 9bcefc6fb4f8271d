package store_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/auth-service/internal/store/pgtest"
)

// sortingChild is set in the process that sorts.
const sortingChild = "TALLYGATE_TEST_SORTS"

// TestTemporaryFilesAreBesideTheDatabase sorts what does not fit into memory in a process of its own: SQLite looks only once where such
// files go.
func TestTemporaryFilesAreBesideTheDatabase(t *testing.T) {
	t.Parallel()
	if _, child := os.LookupEnv(sortingChild); child {
		sortMuch(t)
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestTemporaryFilesAreBesideTheDatabase$")
	cmd.Env = append(os.Environ(), sortingChild+"=1", "SQLITE_TMPDIR=", "TMPDIR="+t.TempDir())
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

func sortMuch(t *testing.T) {
	t.Helper()
	db := open(t, pgtest.SQLite(t))
	rows, err := db.Pool().QueryContext(t.Context(),
		"with recursive n(i) as (select 1 union all select i + 1 from n where i < 200000) select hex(randomblob(30)) from n order by 1")
	if err != nil {
		t.Fatal(err)
	}
	defer rows.Close() //nolint:errcheck // the first row is enough
	if !rows.Next() {
		t.Fatal(rows.Err())
	}
	files, err := filepath.Glob("/proc/self/fd/*")
	if err != nil {
		t.Fatal(err)
	}
	var temporary []string // files without a name
	for _, file := range files {
		if to, err := os.Readlink(file); err == nil && strings.HasPrefix(to, "/") && strings.HasSuffix(to, " (deleted)") {
			temporary = append(temporary, filepath.Dir(to))
		}
	}
	// The folder of the first database that the process has opened, which is the template of these tests.
	folder := os.Getenv("SQLITE_TMPDIR")
	if len(temporary) == 0 || temporary[0] != folder || folder == os.Getenv("TMPDIR") || !strings.Contains(folder, "pgtest") {
		t.Errorf("the temporary files are in %v, want %s", temporary, folder)
	}
}
