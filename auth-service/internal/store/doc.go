// Package store keeps everything in PostgreSQL, or in an SQLite file; it is the only package that knows gorm and SQL.
//
// It refuses to know rules: what a row means and whether a change is allowed is decided by the packages whose store
// interfaces it implements. While the database is not available, every method returns fault.ErrUnavailable, whatever
// the driver reported.
//
// Locks are taken in one order everywhere: user, session, guess counters, change counter; gateway, marks, tally, leases.
package store
