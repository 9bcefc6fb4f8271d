package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"flag"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var storing = flag.Bool("store", false, "store a database of today's schema in testdata/schemas, from which later versions upgrade")

// schemas has a folder for each schema that a released version had: databases with rows in every table, and what people hold of them.
const schemas = "testdata/schemas"

// The files in such a folder.
const (
	sqliteDump   = "sqlite.db.gz" // the file of SQLite
	postgresDump = "postgres.sql" // of pg_dump
	peopleFile   = "people.json"  // an installation for each of the two
)

// people are what people hold of the two databases of a folder.
type people struct{ SQLite, Postgres installation }

// TestEveryReleasedSchemaIsUpgraded starts this version on a database of each released schema.
func TestEveryReleasedSchemaIsUpgraded(t *testing.T) {
	t.Parallel()
	folders, err := filepath.Glob(filepath.Join(schemas, "*"))
	if err != nil || len(folders) == 0 {
		t.Fatalf("there are no stored databases: %v", err)
	}
	for _, folder := range folders {
		var of people
		if err := json.Unmarshal(read(t, filepath.Join(folder, peopleFile)), &of); err != nil {
			t.Fatal(err)
		}
		t.Run(filepath.Base(folder)+" sqlite", func(t *testing.T) {
			t.Parallel()
			vars := lasting(settings(t))
			path := databaseOf(vars)
			if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
				t.Fatal(err)
			}
			write(t, path, unpacked(t, filepath.Join(folder, sqliteDump)))
			before := map[string]int{}
			for _, table := range tablesIn(t, path) {
				before[table] = query[int](t, path, "select count(*) from "+table)
			}
			upgrade(t, vars)
			for table, rows := range before {
				if got := query[int](t, path, "select count(*) from "+table); got < rows {
					t.Errorf("%s has %d rows of %d", table, got, rows)
				}
			}
			of.SQLite.check(t, vars, false)
		})
		t.Run(filepath.Base(folder)+" postgres", func(t *testing.T) {
			t.Parallel()
			vars := lasting(settings(t))
			vars["DATABASE_URL"] = shared.EmptyPostgres(t)
			ofPostgres(t, vars["DATABASE_URL"]+"&default_query_exec_mode=simple_protocol", string(read(t, filepath.Join(folder, postgresDump))))
			const tables = "select string_agg(tablename, ' ') from pg_tables where schemaname = 'public'"
			count := func(table string) string { return ofPostgres(t, vars["DATABASE_URL"], "select count(*) from "+table) }
			before := map[string]string{}
			for table := range strings.FieldsSeq(ofPostgres(t, vars["DATABASE_URL"], tables)) {
				before[table] = count(table)
			}
			if before["users"] != "3" {
				t.Fatalf("the stored database has %v", before)
			}
			upgrade(t, vars)
			for table, rows := range before {
				if got := count(table); table != "goose_db_version" && got != rows {
					t.Errorf("%s has %s rows of %s", table, got, rows)
				}
			}
			of.Postgres.check(t, vars, false)
		})
	}
}

func unpacked(t *testing.T, path string) []byte {
	t.Helper()
	packed, err := gzip.NewReader(bytes.NewReader(read(t, path)))
	if err != nil {
		t.Fatal(err)
	}
	text, err := io.ReadAll(packed)
	if err != nil {
		t.Fatal(err)
	}
	return text
}

// upgrade brings a schema up to date, as every start does.
func upgrade(t *testing.T, vars map[string]string) {
	t.Helper()
	if code, out := runWith(t, vars, "", "admin", "erased"); code != 0 {
		t.Fatal(out)
	}
}

// TestStoreTheSchema is run by make schema-release.
func TestStoreTheSchema(t *testing.T) {
	t.Parallel()
	if !*storing {
		t.Skip("make schema-release runs it")
	}
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
