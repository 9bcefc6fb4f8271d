package dbcopy

import (
	"bufio"
	"context"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"io"

	"github.com/jackc/pgx/v5"
)

// DifferenceError is a table whose rows are not the same in both databases.
type DifferenceError struct {
	Table          string
	Source, Target string // the number of rows, and a digest of them
}

func (e *DifferenceError) Error() string {
	return fmt.Sprintf("the table %s is not the same: %s in the source, %s in the target", e.Table, e.Source, e.Target)
}

// compare reads all rows of both databases.
func (t *table) compare(ctx context.Context, source *sql.Conn, target *pgx.Conn) (rows int64, err error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type result struct {
		digest
		error
	}
	there := make(chan result, 1)
	go func() {
		d, err := t.digestTarget(ctx, target)
		if err != nil {
			cancel()
		}
		there <- result{d, err}
	}()
	here, err := t.digestSource(ctx, source)
	if err != nil {
		cancel()
	}
	other := <-there
	switch {
	case other.error != nil && !errors.Is(other.error, context.Canceled):
		return 0, other.error
	case err != nil:
		return 0, err
	case other.error != nil:
		return 0, other.error
	case here != other.digest:
		return 0, &DifferenceError{Table: t.name, Source: here.String(), Target: other.String()}
	}
	return here.rows, nil
}

func (t *table) digestSource(ctx context.Context, source *sql.Conn) (d digest, err error) {
	var row []byte
	err = t.eachRow(ctx, source, "select "+t.plain()+" from "+quoted(t.name), nil, func(values []any) (err error) {
		if row, err = t.appendRow(row[:0], values); err != nil {
			return &ValueError{Row: t.row(t.keyOf(values)), Problem: err.Error()}
		}
		d.add(row)
		return nil
	})
	return d, err
}

func (t *table) digestTarget(ctx context.Context, target *pgx.Conn) (d digest, err error) {
	from, to := io.Pipe()
	parsing := make(chan error, 1)
	go func() {
		err := t.eachEncoded(bufio.NewReaderSize(from, 1<<16), d.add)
		if err == nil {
			_, err = io.Copy(io.Discard, from)
		}
		from.CloseWithError(err)
		parsing <- err
	}()
	err = load(ctx, target, func(tx pgx.Tx) error {
		_, err := tx.Conn().PgConn().CopyTo(ctx, to, "copy "+quoted(t.name)+" ("+t.names()+") to stdout (format binary)")
		return err
	})
	to.CloseWithError(err) // nil: the end
	if parsed := <-parsing; err == nil {
		err = parsed
	}
	return d, err
}

// eachEncoded calls do with each row of a binary COPY.
func (t *table) eachEncoded(in *bufio.Reader, do func(row []byte)) error {
	begin := make([]byte, len(header))
	if _, err := io.ReadFull(in, begin); err != nil {
		return err
	}
	if string(begin) != header {
		return errors.New("PostgreSQL's binary COPY has another form")
	}
	var row []byte
	for {
		var err error
		if row, err = readBytes(in, row[:0], 2); err != nil {
			return err
		}
		columns := int16(binary.BigEndian.Uint16(row))
		if columns < 0 {
			return nil // the trailer
		}
		for range columns {
			if row, err = readBytes(in, row, 4); err != nil {
				return err
			}
			if size := int32(binary.BigEndian.Uint32(row[len(row)-4:])); size > 0 {
				if row, err = readBytes(in, row, int(size)); err != nil {
					return err
				}
			}
		}
		do(row)
	}
}

// readBytes appends so many bytes.
func readBytes(in *bufio.Reader, to []byte, n int) ([]byte, error) {
	at := len(to)
	if cap(to) < at+n {
		more := make([]byte, at, 2*(at+n))
		copy(more, to)
		to = more
	}
	to = to[:at+n]
	_, err := io.ReadFull(in, to[at:])
	return to, err
}
