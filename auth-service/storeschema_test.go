//go:build schema

package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"
)

// TestStoreTheSchema stores databases of today's schema, from which later versions upgrade.
func TestStoreTheSchema(t *testing.T) {
	t.Parallel()
	sqlite, postgres := lasting(settings(t)), lasting(settings(t))
	postgres["DATABASE_URL"] = shared.EmptyPostgres(t)
	of := people{SQLite: install(t, sqlite), Postgres: install(t, postgres)}
	everyTableHasRows(t, databaseOf(sqlite))
	folder := filepath.Join(schemas, fmt.Sprintf("%05d", query[int](t, databaseOf(sqlite), "select max(version_id) from goose_db_version")))
	if _, err := os.Stat(folder); err == nil {
		t.Fatalf("%s is stored already", folder)
	}
	if err := os.MkdirAll(folder, 0o755); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "backup")
	wantChild(t, sqlite, 0, "agrees", "backup", file)
	var packed bytes.Buffer
	out, err := gzip.NewWriterLevel(&packed, gzip.BestCompression)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := out.Write(read(t, file)); err != nil {
		t.Fatal(err)
	}
	if err := out.Close(); err != nil {
		t.Fatal(err)
	}
	text, err := exec.CommandContext(t.Context(), "pg_dump", "--inserts", "--no-owner", "--no-privileges", postgres["DATABASE_URL"]).Output()
	if err != nil {
		t.Fatalf("pg_dump: %v", err)
	}
	held, err := json.MarshalIndent(of, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	write(t, filepath.Join(folder, sqliteDump), packed.Bytes())
	// The commands of psql, and settings that older servers do not have, are left out.
	write(t, filepath.Join(folder, postgresDump), regexp.MustCompile(`(?m)^(\\.*|SET transaction_timeout.*)\n`).ReplaceAll(text, nil))
	write(t, filepath.Join(folder, peopleFile), append(held, '\n'))
	for _, name := range []string{sqliteDump, postgresDump, peopleFile} {
		if err := os.Chmod(filepath.Join(folder, name), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}
