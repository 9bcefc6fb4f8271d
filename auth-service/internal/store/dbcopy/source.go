package dbcopy

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
)

// page is a number of encoded rows.
type page struct {
	rows []byte
	ends []int // where each row ends
	last []any // the primary key of the last row
}

// first are the first n rows.
func (p *page) first(n int) []byte {
	if n == 0 {
		return nil
	}
	return p.rows[:p.ends[n-1]]
}

// ValueError is a value that PostgreSQL does not hold.
type ValueError struct{ Row, Problem string }

func (e *ValueError) Error() string { return e.Row + ": " + e.Problem }

// plain are the columns as SQLite stores them. Without the plus the driver would convert by the declared types, and what it does to
// a value of a wrong type would not be seen.
func (t *table) plain() string {
	list := make([]string, len(t.columns))
	for i, c := range t.columns {
		list[i] = "+" + quoted(c.name)
	}
	return strings.Join(list, ", ")
}

// readPage reads the rows that come after a key, at most so many.
func (t *table) readPage(ctx context.Context, source *sql.Conn, after []any, most int) (*page, error) {
	query := "select " + t.plain() + " from " + quoted(t.name)
	if after != nil {
		query += " where (" + t.keyNames() + ") > (?" + strings.Repeat(", ?", len(after)-1) + ")"
	}
	query += fmt.Sprintf(" order by %s limit %d", t.keyNames(), most)
	p := &page{}
	err := t.eachRow(ctx, source, query, after, func(values []any) (err error) {
		if p.rows, err = t.appendRow(p.rows, values); err != nil {
			return &ValueError{Row: t.row(t.keyOf(values)), Problem: err.Error()}
		}
		p.ends = append(p.ends, len(p.rows))
		p.last = t.keyOf(values)
		return nil
	})
	return p, err
}

// eachRow calls do with the values of each row of a query. They are good until it returns, except those of keyOf.
func (t *table) eachRow(ctx context.Context, source *sql.Conn, query string, args []any, do func(values []any) error) (err error) {
	rows, err := source.QueryContext(ctx, query, args...)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, rows.Close()) }()
	values, into := make([]any, len(t.columns)), make([]any, len(t.columns))
	for i := range values {
		into[i] = &values[i]
	}
	for rows.Next() {
		if err := rows.Scan(into...); err != nil {
			return err
		}
		if err := do(values); err != nil {
			return err
		}
	}
	return rows.Err()
}

// badValues finds values that PostgreSQL does not hold, at most so many, in the rows of a table.
func (t *table) badValues(ctx context.Context, source *sql.Conn, most int) (bad []error, err error) {
	var row []byte
	errEnough := errors.New("enough")
	err = t.eachRow(ctx, source, "select "+t.plain()+" from "+quoted(t.name), nil, func(values []any) (err error) {
		if row, err = t.appendRow(row[:0], values); err == nil {
			return nil
		}
		bad = append(bad, &ValueError{Row: t.row(t.keyOf(values)), Problem: err.Error()})
		if len(bad) == most {
			return errEnough
		}
		return nil
	})
	if errors.Is(err, errEnough) {
		err = nil
	}
	return bad, err
}

// keyPart is a value of a primary key as it is kept between two runs.
type keyPart struct {
	Int  *int64  `json:"int,omitempty"`
	Text *string `json:"text,omitempty"`
	Blob []byte  `json:"blob,omitempty"`
}

func encodeKey(key []any) (string, error) {
	parts := make([]keyPart, len(key))
	for i, value := range key {
		switch v := value.(type) {
		case int64:
			parts[i].Int = &v
		case string:
			parts[i].Text = &v
		case []byte:
			parts[i].Blob = v
		}
	}
	text, err := json.Marshal(parts)
	return string(text), err
}

func decodeKey(text string) ([]any, error) {
	var parts []keyPart
	if err := json.Unmarshal([]byte(text), &parts); err != nil {
		return nil, err
	}
	key := make([]any, len(parts))
	for i, p := range parts {
		switch {
		case p.Int != nil:
			key[i] = *p.Int
		case p.Text != nil:
			key[i] = *p.Text
		default:
			key[i] = p.Blob
			if p.Blob == nil {
				key[i] = []byte{}
			}
		}
	}
	return key, nil
}
