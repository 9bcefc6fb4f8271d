package main

import (
	"bytes"
	"database/sql"
	"strings"
	"testing"
)

func TestLedgerVerifyReportsWhetherTheSumsAgree(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	verify := func() (code int, printed string) {
		var out bytes.Buffer
		code = runCommand(t.Context(), []string{"ledger", "verify"}, lookup(vars), streams{out: &out, err: &out})
		return code, out.String()
	}
	if code, printed := verify(); code != 0 || !strings.Contains(printed, "The ledger agrees") {
		t.Errorf("a new database: got %d %s", code, printed)
	}
	db, err := sql.Open("sqlite", strings.TrimPrefix(vars["DATABASE_URL"], "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := db.Close(); err != nil {
			t.Error(err)
		}
	})
	if _, err := db.ExecContext(t.Context(), "insert into usage_hours values (7, 0, 'root', 5, 0, 0, 0, 0, 0, 0)"); err != nil {
		t.Fatal(err)
	}
	if code, printed := verify(); code != 1 || !strings.Contains(printed, "all rows: {Requests:5 Units:5 ") {
		t.Errorf("a row that no batch brought: got %d %s", code, printed)
	}
	var kept int
	if err := db.QueryRowContext(t.Context(), "select differences from ledger_checks").Scan(&kept); err != nil || kept < 1 {
		t.Errorf("kept for administrators: %d differences, %v", kept, err)
	}
}
