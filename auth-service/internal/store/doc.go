// Package store keeps everything in PostgreSQL, or in an SQLite file; it is the only package that knows gorm and SQL.
//
// It refuses to know rules. What a row means and whether a change is allowed is decided by the packages whose store
// interfaces it implements. A database that cannot be reached is fault.ErrUnavailable, whatever the driver returns.
//
// A call takes its turn before it takes a connection, and those who want the same row wait in one line (access.go). Gateways have
// connections of their own (lane.go).
//
// Locks are taken in one order everywhere: user, invitation, API keys by id, session, guess counters, change
// counter; gateway, marks, usage, leases, API keys by id.
package store
