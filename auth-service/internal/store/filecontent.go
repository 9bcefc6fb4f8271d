package store

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"maps"
	"net/url"
	"os"
	"time"

	"tallygate/auth-service/internal/ledger"
)

// Content is what a file of the database holds.
type Content struct {
	Size   int64 // in bytes
	Schema int64 // number of its last migration
	Users  int64
	// Checked is whether the rest is known. The ledger is only read in the schema of this program.
	Checked         bool
	Requests, Units int64 // of all batches
	Differences     []ledger.Difference
}

// inspect checks a file that nobody writes, without changing it: that it is whole, that it is a database of Tallygate, and that
// the ledger in it agrees. options say how SQLite opens it.
func inspect(ctx context.Context, file string, options url.Values) (c Content, err error) {
	if err := hasHeader(file); err != nil {
		return c, err
	}
	info, err := os.Stat(file)
	if err != nil {
		return c, err
	}
	pool, err := sql.Open("sqlite", sqliteAddress(file, options))
	if err != nil {
		return c, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	c.Size = info.Size()
	var whole string
	if err := pool.QueryRowContext(ctx, "pragma integrity_check(1)").Scan(&whole); err != nil {
		return c, fmt.Errorf("%s is damaged: %w", file, err)
	}
	if whole != "ok" {
		return c, fmt.Errorf("%s is damaged: %s", file, whole)
	}
	if c.Schema, err = schemaOf(ctx, pool, file); err != nil {
		return c, err
	}
	if err := pool.QueryRowContext(ctx, "select count(*) from users").Scan(&c.Users); err != nil {
		return c, err
	}
	newest, err := newestSchema()
	if err != nil || c.Schema != newest {
		return c, err
	}
	c.Checked = true
	err = pool.QueryRowContext(ctx, "select coalesce(sum(requests), 0), coalesce(sum(requests + extra_units), 0) from usage_gateways").
		Scan(&c.Requests, &c.Units)
	if err != nil {
		return c, err
	}
	c.Differences, err = differencesOf(ctx, file, options)
	return c, err
}

// hasHeader reports a file that is no SQLite file.
func hasHeader(path string) (err error) {
	file, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, file.Close()) }()
	const header = "SQLite format 3\x00"
	begin := make([]byte, len(header))
	if _, err := io.ReadFull(file, begin); err != nil || string(begin) != header {
		return fmt.Errorf("%s is no SQLite file", path)
	}
	return nil
}

// oneRow is a database, or a connection to one.
type oneRow interface {
	QueryRowContext(ctx context.Context, query string, args ...any) *sql.Row
}

// schemaOf reads the number of the last migration. A database without one, or without the tables of Tallygate, is another program's.
func schemaOf(ctx context.Context, db oneRow, file string) (schema int64, err error) {
	var own int
	err = db.QueryRowContext(ctx, "select count(*) from sqlite_schema where type = 'table' and name in "+
		"('goose_db_version', 'users', 'sessions', 'change_counter', 'usage_gateways')").Scan(&own)
	if err != nil {
		return 0, err
	}
	if own != 5 {
		return 0, fmt.Errorf("%s is a database of another program, not of Tallygate", file)
	}
	err = db.QueryRowContext(ctx, "select max(version_id) from goose_db_version where is_applied").Scan(&schema)
	return schema, err
}

// differencesOf is Differences of a file that is not to be changed.
func differencesOf(ctx context.Context, file string, options url.Values) (list []ledger.Difference, err error) {
	reading := sqliteOptions()
	reading.Set("_pragma", "busy_timeout(5000)") // and not the mode of the log, which is written into the file
	maps.Copy(reading, options)
	s, err := open(Config{MaxConns: 2, Timeout: time.Minute, Log: slog.New(slog.DiscardHandler)}, sqliteEngine(file, reading))
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, s.Close()) }()
	s.ready.Store(true)
	return s.Differences(ctx)
}
