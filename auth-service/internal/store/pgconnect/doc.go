// Package pgconnect connects to PostgreSQL for database/sql: to the host of several that takes writes, and never again over a
// connection that has become useless.
//
// It refuses to know what is asked of the database, and when to try again. It tells why there is no connection, in words.
package pgconnect
