package dbcopy

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
	"unicode/utf8"
)

// kind is what values of a column are.
type kind byte

const (
	int64s kind = iota
	int32s
	bools
	texts
	blobs
	times
)

// kindOf finds the kind by the name of a type of PostgreSQL.
func kindOf(typeName string) (k kind, known bool) {
	k, known = map[string]kind{
		"int8": int64s, "int4": int32s, "bool": bools, "text": texts, "bytea": blobs, "timestamptz": times,
	}[typeName]
	return k, known
}

const (
	// epoch2000 is where PostgreSQL's times begin, in microseconds since 1970.
	epoch2000 = 946684800 * 1_000_000
	// firstTime is the first one that PostgreSQL holds, in microseconds since 2000. The last one is later than any of SQLite.
	// https://www.postgresql.org/docs/current/datatype-datetime.html
	firstTime = -211813488000000000
)

// A row is encoded as in PostgreSQL's binary COPY: the number of columns, and for each the length and the value, or the length -1
// for null. https://www.postgresql.org/docs/current/sql-copy.html

// appendRow appends an encoded row. values are as SQLite stores them. Nothing is converted that PostgreSQL would give back as
// something else: the error says which column it is.
func (t *table) appendRow(to []byte, values []any) ([]byte, error) {
	to = binary.BigEndian.AppendUint16(to, uint16(len(t.columns)))
	for i, c := range t.columns {
		var problem string
		if to, problem = c.append(to, values[i]); problem != "" {
			return to, fmt.Errorf("%s %s", c.name, problem)
		}
	}
	return to, nil
}

// append appends one value. problem says why it cannot be copied.
func (c column) append(to []byte, value any) (_ []byte, problem string) {
	if value == nil {
		if c.required {
			return to, "is null"
		}
		return binary.BigEndian.AppendUint32(to, math.MaxUint32), ""
	}
	switch v := value.(type) {
	case int64:
		return c.appendInt(to, v)
	case string:
		switch {
		case c.kind != texts:
		case strings.IndexByte(v, 0) >= 0:
			return to, "has a NUL character, which PostgreSQL does not take"
		case !utf8.ValidString(v):
			return to, "is no valid UTF-8"
		default:
			return append(binary.BigEndian.AppendUint32(to, uint32(len(v))), v...), ""
		}
	case []byte:
		if c.kind == blobs {
			return append(binary.BigEndian.AppendUint32(to, uint32(len(v))), v...), ""
		}
	}
	return to, "is of the wrong type: " + storage(value)
}

func (c column) appendInt(to []byte, v int64) (_ []byte, problem string) {
	switch c.kind {
	case int64s:
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(to, 8), uint64(v)), ""
	case int32s:
		if v < math.MinInt32 || v > math.MaxInt32 {
			return to, "is too large: " + strconv.FormatInt(v, 10)
		}
		return binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(to, 4), uint32(int32(v))), ""
	case bools:
		if v != 0 && v != 1 {
			return to, "is neither true nor false: " + strconv.FormatInt(v, 10)
		}
		return append(binary.BigEndian.AppendUint32(to, 1), byte(v)), ""
	case times:
		if v < firstTime+epoch2000 {
			return to, "is a time before all that PostgreSQL takes: " + strconv.FormatInt(v, 10)
		}
		return binary.BigEndian.AppendUint64(binary.BigEndian.AppendUint32(to, 8), uint64(v-epoch2000)), ""
	case texts, blobs:
	}
	return to, "is of the wrong type: integer"
}

// storage names how SQLite stores a value.
func storage(value any) string {
	switch value.(type) {
	case int64:
		return "integer"
	case float64:
		return "real"
	case string:
		return "text"
	case []byte:
		return "blob"
	}
	return fmt.Sprintf("%T", value)
}

// show writes a value of a primary key for people.
func (c column) show(value any) string {
	switch v := value.(type) {
	case nil:
		return "null"
	case int64:
		if c.kind == times {
			return time.UnixMicro(v).UTC().Format(time.RFC3339Nano)
		}
		return strconv.FormatInt(v, 10)
	case string:
		return strconv.Quote(v)
	case []byte:
		return hex.EncodeToString(v)
	}
	return fmt.Sprint(value)
}

// row names a row by its primary key.
func (t *table) row(key []any) string {
	parts := make([]string, len(t.key))
	for i, c := range t.key {
		parts[i] = t.columns[c].name + " = " + t.columns[c].show(key[i])
	}
	return t.name + ", " + strings.Join(parts, ", ")
}

// keyOf takes the primary key out of the values of a row.
func (t *table) keyOf(values []any) []any {
	key := make([]any, len(t.key))
	for i, c := range t.key {
		key[i] = values[c]
	}
	return key
}
