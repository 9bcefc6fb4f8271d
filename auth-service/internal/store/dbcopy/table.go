package dbcopy

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// notCopied are tables that belong to the target itself.
func notCopied() []string { return []string{"goose_db_version", markTable, stepTable} }

// column is a column of a table in PostgreSQL.
type column struct {
	name     string
	kind     kind
	required bool // it cannot be null
}

// table is a table that both databases have.
type table struct {
	name    string
	columns []column
	key     []int  // the columns of the primary key, in its order
	serial  string // the column that numbers rows by itself; empty if there is none
}

// quoted is a name as both databases read it.
func quoted(name string) string { return pgx.Identifier{name}.Sanitize() }

// names are the columns as a list.
func (t *table) names() string {
	list := make([]string, len(t.columns))
	for i, c := range t.columns {
		list[i] = quoted(c.name)
	}
	return strings.Join(list, ", ")
}

// keyNames are the columns of the primary key as a list.
func (t *table) keyNames() string {
	list := make([]string, len(t.key))
	for i, c := range t.key {
		list[i] = quoted(t.columns[c].name)
	}
	return strings.Join(list, ", ")
}

// columnsQuery leaves out columns that a primary key only includes.
const columnsQuery = `
select c.relname, a.attname, t.typname, a.attnotnull, a.attidentity <> '',
    case when array_position(i.indkey::int2[], a.attnum) < i.indnkeyatts then array_position(i.indkey::int2[], a.attnum) else -1 end
from pg_class c
join pg_attribute a on a.attrelid = c.oid and a.attnum > 0 and not a.attisdropped
join pg_type t on t.oid = a.atttypid
left join pg_index i on i.indrelid = c.oid and i.indisprimary
where c.relkind = 'r' and c.relnamespace = current_schema()::regnamespace and c.relname <> all($1)
order by c.relname, a.attnum`

const referencesQuery = `
select c.relname, r.relname from pg_constraint k
join pg_class c on c.oid = k.conrelid
join pg_class r on r.oid = k.confrelid
where k.contype = 'f' and c.relnamespace = current_schema()::regnamespace and r.oid <> c.oid`

// readTables reads the tables of the target. Those that others refer to come first.
func readTables(ctx context.Context, target *pgx.Conn) ([]*table, error) {
	rows, err := target.Query(ctx, columnsQuery, notCopied())
	if err != nil {
		return nil, err
	}
	var (
		all            []*table
		ofName         = map[string]*table{}
		places         = map[*table]map[int]int{} // from the place in the key to the column
		unknown        string
		name, typeName string
		c              column
		serial         bool
		place          int
	)
	_, err = pgx.ForEachRow(rows, []any{&name, &c.name, &typeName, &c.required, &serial, &place}, func() error {
		t := ofName[name]
		if t == nil {
			t = &table{name: name}
			ofName[name], places[t], all = t, map[int]int{}, append(all, t)
		}
		var known bool
		if c.kind, known = kindOf(typeName); !known {
			unknown = name + "." + c.name + " has the type " + typeName
		}
		if serial {
			t.serial = c.name
		}
		if place >= 0 {
			places[t][place] = len(t.columns)
		}
		t.columns = append(t.columns, c)
		return nil
	})
	switch {
	case err != nil:
		return nil, err
	case unknown != "":
		return nil, fmt.Errorf("%s, which is not copied", unknown)
	}
	for _, t := range all {
		for place := range len(places[t]) {
			t.key = append(t.key, places[t][place])
		}
		if len(t.key) == 0 {
			return nil, fmt.Errorf("the table %s has no primary key", t.name)
		}
	}
	return inOrder(ctx, target, all)
}

// inOrder sorts tables so that each comes after those that it refers to.
func inOrder(ctx context.Context, target *pgx.Conn, all []*table) (sorted []*table, err error) {
	rows, err := target.Query(ctx, referencesQuery)
	if err != nil {
		return nil, err
	}
	var from, to string
	refers := map[string][]string{}
	if _, err := pgx.ForEachRow(rows, []any{&from, &to}, func() error {
		refers[from] = append(refers[from], to)
		return nil
	}); err != nil {
		return nil, err
	}
	placed := map[string]bool{}
	for len(sorted) < len(all) {
		before := len(sorted)
		for _, t := range all {
			waits := slices.ContainsFunc(refers[t.name], func(name string) bool { return !placed[name] })
			if !placed[t.name] && !waits {
				placed[t.name], sorted = true, append(sorted, t)
			}
		}
		if len(sorted) == before {
			return nil, errors.New("tables refer to each other in a circle")
		}
	}
	return sorted, nil
}

// sameTables returns an error if the source has other tables or columns than those.
func sameTables(ctx context.Context, source *sql.Conn, tables []*table) (err error) {
	rows, err := source.QueryContext(ctx, `
select m.name, c.name from sqlite_schema m join pragma_table_info(m.name) c
where m.type = 'table' and m.name not like 'sqlite\_%' escape '\' order by 1, 2`)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	has := map[string]bool{}
	for rows.Next() {
		var of, name string
		if err := rows.Scan(&of, &name); err != nil {
			return err
		}
		if !slices.Contains(notCopied(), of) {
			has[of+"."+name] = true
		}
	}
	if err := rows.Err(); err != nil {
		return err
	}
	for _, t := range tables {
		for _, c := range t.columns {
			if name := t.name + "." + c.name; !has[name] {
				return fmt.Errorf("it has no column %s", name)
			}
			delete(has, t.name+"."+c.name)
		}
	}
	for name := range has {
		return fmt.Errorf("it has the column %s, which Tallygate does not know", name)
	}
	return nil
}
