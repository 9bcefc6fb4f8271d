package dbcopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// The tables in the target that say how far a copy is. The second one goes when it is finished.
const markTable, stepTable = "database_copy", "database_copy_tables"

// ErrUnfinished means that a database is a copy that lacks rows, or that nobody has compared with its source.
var ErrUnfinished = errors.New("this database is a copy that is not finished: run auth-service copy-database again with the same " +
	"source, or use another database")

// ErrNotEmpty means that the target has tables, and that no copy has made them.
var ErrNotEmpty = errors.New("the target has tables already: copy into a new, empty database")

// Finished returns ErrUnfinished for the target of a copy that is not finished.
func Finished(ctx context.Context, pool *sql.DB) error {
	var marked, unfinished bool
	if err := pool.QueryRowContext(ctx, "select to_regclass('"+markTable+"') is not null").Scan(&marked); err != nil || !marked {
		return err
	}
	err := pool.QueryRowContext(ctx, "select finished_at is null from "+markTable).Scan(&unfinished)
	if err == nil && unfinished {
		return ErrUnfinished
	}
	return err
}

// State tells apart the sources of copies.
type State struct {
	Born  time.Time // of the installation
	Epoch int64     // another one after each start of auth-service
	// Schema is the number of the last migration.
	Schema int64
}

// mark is what the target remembers of its copy.
type mark struct {
	source   State
	finished *time.Time
}

// readMark reads the mark; nil if there is none.
func readMark(ctx context.Context, target *pgx.Conn) (*mark, error) {
	var marked bool
	if err := target.QueryRow(ctx, "select to_regclass($1) is not null", markTable).Scan(&marked); err != nil || !marked {
		return nil, err
	}
	m := &mark{}
	err := target.QueryRow(ctx, "select born_at, epoch, schema, finished_at from "+markTable).
		Scan(&m.source.Born, &m.source.Epoch, &m.source.Schema, &m.finished)
	return m, err
}

// begin marks an empty target, before it has the schema. lock is the one that a start of auth-service holds while it migrates.
func begin(ctx context.Context, target *pgx.Conn, source State, lock int64) error {
	return pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "select pg_advisory_xact_lock($1)", lock); err != nil {
			return err
		}
		var encoding string
		var tables int
		err := tx.QueryRow(ctx, "select current_setting('server_encoding'), count(*) from pg_class "+
			"where relkind in ('r', 'p') and relnamespace = current_schema()::regnamespace").Scan(&encoding, &tables)
		switch {
		case err != nil:
			return err
		case encoding != "UTF8":
			return fmt.Errorf("the target's encoding is %s: create it with the encoding UTF8", encoding)
		case tables > 0:
			return ErrNotEmpty
		}
		_, err = tx.Exec(ctx, `
create table `+markTable+` (
    id          integer     not null,
    born_at     timestamptz not null, -- of the source
    epoch       bigint      not null, -- of the source; 0: what was copied is not right
    schema      bigint      not null,
    began_at    timestamptz not null,
    finished_at timestamptz,
    constraint `+markTable+`_pkey primary key (id),
    constraint `+markTable+`_single_check check (id = 1)
);
create table `+stepTable+` (
    name     text    not null,
    rows     bigint  not null,
    last_key text    not null, -- of the last row that was copied
    done     boolean not null,
    constraint `+stepTable+`_pkey primary key (name)
)`)
		if err != nil {
			return err
		}
		_, err = tx.Exec(ctx, "insert into "+markTable+" (id, born_at, epoch, schema, began_at) values (1, $1, 0, $2, now())",
			source.Born, source.Schema)
		return err
	})
}

// empty deletes all rows of the tables, and begins anew with this state of the source. Triggers refuse that for some tables.
func empty(ctx context.Context, target *pgx.Conn, tables []*table, source State) error {
	list := make([]string, len(tables))
	for i, t := range tables {
		list[i] = quoted(t.name)
	}
	return pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		for _, change := range []string{"disable trigger user", "", "enable trigger user"} {
			if change == "" {
				if _, err := tx.Exec(ctx, "truncate "+strings.Join(list, ", ")+", "+stepTable); err != nil {
					return err
				}
				continue
			}
			for _, name := range list {
				if _, err := tx.Exec(ctx, "alter table "+name+" "+change); err != nil {
					return err
				}
			}
		}
		_, err := tx.Exec(ctx, "update "+markTable+" set epoch = $1", source.Epoch)
		return err
	})
}

// spoil has the next copy begin anew.
func spoil(ctx context.Context, target *pgx.Conn) error {
	_, err := target.Exec(ctx, "update "+markTable+" set epoch = 0")
	return err
}

// finish lets auth-service start on the target. The commit waits for the disk, and with it all before are there.
func finish(ctx context.Context, target *pgx.Conn) error {
	return pgx.BeginFunc(ctx, target, func(tx pgx.Tx) error {
		if _, err := tx.Exec(ctx, "set local synchronous_commit = on"); err != nil {
			return err
		}
		if _, err := tx.Exec(ctx, "drop table "+stepTable); err != nil {
			return err
		}
		_, err := tx.Exec(ctx, "update "+markTable+" set finished_at = now()")
		return err
	})
}
