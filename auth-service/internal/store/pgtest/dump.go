//go:build unix

package pgtest

import (
	"context"
	"database/sql"
	"encoding/hex"
	"fmt"
	"strings"
	"testing"
)

// Dump is all that a database holds, a line for each row of each table that its catalogue names. Binary values stand in it in
// hexadecimal, and in SQLite as they are, too. Of PostgreSQL, the planner's statistics belong to it.
func Dump(t testing.TB, url string) string {
	t.Helper()
	driver, catalogue, extra := "sqlite", "select name from sqlite_master where type = 'table'", ""
	if strings.HasPrefix(url, "postgres") {
		driver, extra = "pgx", "pg_stats"
		catalogue = "select quote_ident(schemaname) || '.' || quote_ident(tablename) from pg_tables" +
			" where schemaname not in ('pg_catalog', 'information_schema')"
	}
	db, err := sql.Open(driver, strings.TrimPrefix(url, "sqlite:"))
	if err != nil {
		t.Fatal(err)
	}
	defer db.Close() //nolint:errcheck // it was only read
	var out strings.Builder
	tables := rows(t, db, catalogue)
	if extra != "" {
		tables = append(tables, []any{extra})
	}
	for _, table := range tables {
		query := fmt.Sprintf("select * from %s", table[0])
		if extra != "" {
			query = fmt.Sprintf("select r::text from %s r", table[0])
		}
		for _, row := range rows(t, db, query) {
			fmt.Fprintf(&out, "%s:", table[0])
			for _, value := range row {
				if raw, ok := value.([]byte); ok {
					fmt.Fprintf(&out, " %s %s", raw, hex.EncodeToString(raw))
				} else {
					fmt.Fprintf(&out, " %v", value)
				}
			}
			out.WriteByte('\n')
		}
	}
	return out.String()
}

func rows(t testing.TB, db *sql.DB, query string) (all [][]any) {
	t.Helper()
	found, err := db.QueryContext(context.Background(), query)
	if err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	defer found.Close() //nolint:errcheck // Err has it
	columns, err := found.Columns()
	if err != nil {
		t.Fatal(err)
	}
	for found.Next() {
		row, into := make([]any, len(columns)), make([]any, len(columns))
		for i := range row {
			into[i] = &row[i]
		}
		if err := found.Scan(into...); err != nil {
			t.Fatalf("%s: %v", query, err)
		}
		all = append(all, row)
	}
	if err := found.Err(); err != nil {
		t.Fatalf("%s: %v", query, err)
	}
	return all
}
