package main

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

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
