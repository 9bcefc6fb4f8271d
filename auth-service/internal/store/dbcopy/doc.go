// Package dbcopy copies a database of SQLite into one of PostgreSQL, row for row, in steps that a later run continues, and compares
// the two.
//
// It knows no table by name: what to copy stands in PostgreSQL's catalogue. It does not open, migrate or lock a database.
package dbcopy
