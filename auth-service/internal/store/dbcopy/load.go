package dbcopy

import (
	"bytes"
	"cmp"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"sort"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
)

// pageRows is how many rows are copied in one transaction.
const pageRows = 20_000

// step is how far one table is.
type step struct {
	rows int64
	key  []any // of the last row; nil if there is none
	done bool
}

// errOvertaken means that another process copies into the same target.
var errOvertaken = errors.New("another copy into the same database is running")

// readStep waits for the transaction of a copy that was killed and is still in progress in the server.
func (t *table) readStep(ctx context.Context, target *pgx.Conn) (s step, err error) {
	var key string
	err = pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		_, err := tx.Exec(ctx, "insert into "+stepTable+" (name, rows, last_key, done) values ($1, 0, '', false) on conflict do nothing", t.name)
		if err != nil {
			return err
		}
		return tx.QueryRow(ctx, "select rows, last_key, done from "+stepTable+" where name = $1 for update", t.name).Scan(&s.rows, &key, &s.done)
	})
	if err == nil && key != "" {
		s.key, err = decodeKey(key)
	}
	return s, err
}

// fill copies the rows of a table that are not in the target yet. The next page is read while one is written.
func (t *table) fill(ctx context.Context, source *sql.Conn, target *pgx.Conn, tell func(Progress)) error {
	at, err := t.readStep(ctx, target)
	if err != nil || at.done {
		return err
	}
	ctx, cancel := context.WithCancel(ctx)
	pages, reading := make(chan *page, 1), make(chan error, 1)
	go func() {
		defer close(pages)
		reading <- t.read(ctx, source, at.key, pages)
	}()
	for p := range pages {
		if err == nil {
			if err = t.write(ctx, target, &at, p); err != nil {
				cancel()
			}
			tell(Progress{Table: t.name, Rows: at.rows, Done: at.done})
		}
	}
	cancel()
	return cmp.Or(err, <-reading) // that of reading may be a consequence
}

// read sends the rows after a key in pages. The last page is not full.
func (t *table) read(ctx context.Context, source *sql.Conn, after []any, pages chan<- *page) error {
	for {
		p, err := t.readPage(ctx, source, after, pageRows)
		if err != nil {
			return err
		}
		select {
		case pages <- p:
		case <-ctx.Done():
			return ctx.Err()
		}
		if len(p.ends) < pageRows {
			return nil
		}
		after = p.last
	}
}

// write adds a page to the target, and notes that in the same transaction.
func (t *table) write(ctx context.Context, target *pgx.Conn, at *step, p *page) error {
	next := step{rows: at.rows + int64(len(p.ends)), key: at.key, done: len(p.ends) < pageRows}
	if p.last != nil {
		next.key = p.last
	}
	key := ""
	if next.key != nil {
		text, err := encodeKey(next.key)
		if err != nil {
			return err
		}
		key = text
	}
	err := load(ctx, target, func(tx pgx.Tx) error {
		// First: it waits for others who write the same page.
		noted, err := tx.Exec(ctx, "update "+stepTable+" set rows = $1, last_key = $2, done = $3 where name = $4 and rows = $5 and not done",
			next.rows, key, next.done, t.name, at.rows)
		if err == nil && noted.RowsAffected() != 1 {
			err = errOvertaken
		}
		if err != nil {
			return err
		}
		return t.send(ctx, tx, p.rows)
	})
	if refusal, ok := errors.AsType[*pgconn.PgError](err); ok && aboutRows(refusal) {
		return t.refused(ctx, target, p, refusal)
	}
	if err == nil {
		*at = next
	}
	return err
}

// load runs a transaction whose commit does not wait for the disk. Those before it are there when it is.
func load(ctx context.Context, target *pgx.Conn, do func(tx pgx.Tx) error) error {
	return pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local synchronous_commit = off; set local statement_timeout = 0"); err != nil {
			return err
		}
		return do(tx)
	})
}

// header begins a binary COPY, and trailer ends it.
const header, trailer = "PGCOPY\n\xff\r\n\x00\x00\x00\x00\x00\x00\x00\x00\x00", "\xff\xff"

func (t *table) send(ctx context.Context, tx pgx.Tx, rows []byte) error {
	all := io.MultiReader(bytes.NewReader([]byte(header)), bytes.NewReader(rows), bytes.NewReader([]byte(trailer)))
	_, err := tx.Conn().PgConn().CopyFrom(ctx, all, "copy "+quoted(t.name)+" ("+t.names()+") from stdin (format binary)")
	return err
}

// aboutRows reports a refusal because of what is in the rows: data, constraints and limits.
func aboutRows(refusal *pgconn.PgError) bool {
	switch refusal.Code[:2] {
	case "22", "23", "54":
		return true
	}
	return false
}

// refused finds the row that PostgreSQL does not take: the last of the least number of rows that it refuses.
func (t *table) refused(ctx context.Context, target *pgx.Conn, p *page, refusal *pgconn.PgError) error {
	errTried := errors.New("tried")
	var failed error
	n := sort.Search(len(p.ends), func(i int) bool {
		if failed != nil {
			return true
		}
		err := load(ctx, target, func(tx pgx.Tx) error {
			if err := t.send(ctx, tx, p.first(i+1)); err != nil {
				return err
			}
			return errTried
		})
		if again, ok := errors.AsType[*pgconn.PgError](err); ok && aboutRows(again) {
			refusal = again
			return true
		}
		if !errors.Is(err, errTried) {
			failed = err
		}
		return false
	})
	switch {
	case failed != nil:
		return failed
	case n == len(p.ends): // it takes them now
		return refusal
	}
	row := p.rows[len(p.first(n)):p.ends[n]]
	return &ValueError{Row: t.row(t.decodeKey(row)), Problem: fmt.Sprintf("PostgreSQL refuses it: %s %s", refusal.Message, refusal.Detail)}
}

// decodeKey takes the primary key out of an encoded row.
func (t *table) decodeKey(row []byte) []any {
	values := make([]any, len(t.columns))
	rest := row[2:]
	for i, c := range t.columns {
		size := int32(binary.BigEndian.Uint32(rest))
		rest = rest[4:]
		if size < 0 {
			continue
		}
		value := rest[:size]
		rest = rest[size:]
		switch c.kind {
		case int64s:
			values[i] = int64(binary.BigEndian.Uint64(value))
		case times:
			values[i] = int64(binary.BigEndian.Uint64(value)) + epoch2000
		case int32s:
			values[i] = int64(int32(binary.BigEndian.Uint32(value)))
		case bools:
			values[i] = int64(value[0])
		case texts:
			values[i] = string(value)
		case blobs:
			values[i] = value
		}
	}
	return t.keyOf(values)
}
