package dbcopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
)

// Progress is how far a table is.
type Progress struct {
	Table     string
	Rows      int64
	Done      bool
	Comparing bool // it was copied before, and has now been compared
	Anew      bool // all begins anew, because the source was used after the copy began; the rest is empty
}

// Config is what Copy needs.
type Config struct {
	// Source has a transaction that keeps others from writing. Its schema and the one that Migrate makes are the same.
	Source *sql.Conn
	Target *pgx.Conn
	State  State // of the source
	// Migrate gives the target the schema. Lock is the key of PostgreSQL's advisory lock that it holds meanwhile.
	Migrate func(context.Context) error
	Lock    int64
	Tell    func(Progress) // called after each step
}

// Result is what Copy did.
type Result struct {
	Tables int
	Rows   int64
	// Before is when an earlier run has finished the copy; this one did nothing.
	Before *time.Time
}

// maxBad bounds how many values are reported that PostgreSQL does not hold.
const maxBad = 20

// Copy copies what the target does not have yet, compares all, and marks the target as finished. Errors: ErrNotEmpty, ValueErrors (joined)
// of what cannot be copied, DifferenceError, and others; after each of them it can be called again.
func Copy(ctx context.Context, cfg Config) (r Result, err error) {
	m, err := readMark(ctx, cfg.Target)
	if err == nil && m == nil {
		if err = begin(ctx, cfg.Target, cfg.State, cfg.Lock); err == nil {
			m, err = readMark(ctx, cfg.Target)
		}
	}
	switch {
	case err != nil:
		return r, err
	case !m.source.Born.Equal(cfg.State.Born):
		return r, errors.New("the target has the copy of another database: copy into a new, empty database")
	case m.finished != nil:
		return Result{Before: m.finished}, nil
	case m.source.Schema != cfg.State.Schema:
		return r, fmt.Errorf("another version has begun this copy, with the schema %d instead of %d: copy into a new, empty database",
			m.source.Schema, cfg.State.Schema)
	}
	if err := cfg.Migrate(ctx); err != nil {
		return r, fmt.Errorf("migrate the target: %w", err)
	}
	tables, err := readTables(ctx, cfg.Target)
	if err != nil {
		return r, err
	}
	if err := sameTables(ctx, cfg.Source, tables); err != nil {
		return r, fmt.Errorf("the source is not as it should be: %w", err)
	}
	if m.source.Epoch != cfg.State.Epoch {
		if m.source.Epoch != 0 {
			cfg.Tell(Progress{Anew: true})
		}
		if err := empty(ctx, cfg.Target, tables, cfg.State); err != nil {
			return r, err
		}
	}
	return copyTables(ctx, cfg, tables)
}

func copyTables(ctx context.Context, cfg Config, tables []*table) (r Result, err error) {
	for i, t := range tables {
		err := t.fill(ctx, cfg.Source, cfg.Target, cfg.Tell)
		if _, bad := errors.AsType[*ValueError](err); bad {
			err = allBad(ctx, cfg.Source, tables[i:], err)
		}
		if err != nil {
			return r, err
		}
	}
	for _, t := range tables {
		rows, err := t.compare(ctx, cfg.Source, cfg.Target)
		if _, differs := errors.AsType[*DifferenceError](err); differs {
			err = errors.Join(err, spoil(ctx, cfg.Target))
		}
		if err != nil {
			return r, err
		}
		r.Tables, r.Rows = r.Tables+1, r.Rows+rows
		cfg.Tell(Progress{Table: t.name, Rows: rows, Done: true, Comparing: true})
	}
	for _, t := range tables {
		if err := t.settle(ctx, cfg.Source, cfg.Target); err != nil {
			return r, err
		}
	}
	return r, finish(ctx, cfg.Target)
}

// allBad finds the other values that cannot be copied, so that they can be mended in one go. found is the first one.
func allBad(ctx context.Context, source *sql.Conn, tables []*table, found error) error {
	var all []error
	for _, t := range tables {
		bad, err := t.badValues(ctx, source, maxBad-len(all))
		if err != nil {
			return errors.Join(found, err)
		}
		if all = append(all, bad...); len(all) == maxBad {
			all = append(all, errors.New("and perhaps more"))
			break
		}
	}
	if len(all) == 0 {
		return found // it is PostgreSQL that refuses the row
	}
	return errors.Join(all...)
}

// settle makes a table ready for use: its next number, and what the planner knows.
func (t *table) settle(ctx context.Context, source *sql.Conn, target *pgx.Conn) error {
	if t.serial != "" {
		var last int64
		err := source.QueryRowContext(ctx, "select max(coalesce((select seq from sqlite_sequence where name = ?), 0), "+
			"coalesce((select max("+quoted(t.serial)+") from "+quoted(t.name)+"), 0))", t.name).Scan(&last)
		if err != nil {
			return err
		}
		if last > 0 {
			_, err = target.Exec(ctx, "select setval(pg_get_serial_sequence($1, $2), $3)", quoted(t.name), t.serial, last)
		}
		if err != nil {
			return err
		}
	}
	_, err := target.Exec(ctx, "vacuum (analyze) "+quoted(t.name))
	return err
}
