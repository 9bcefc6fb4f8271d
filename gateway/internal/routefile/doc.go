// Package routefile reads routes from the YAML of a routes file (docs/routes.md) and reports all its mistakes at once,
// each with its line and column.
//
// It refuses to know how routes are found (package route), and when the file is read.
package routefile
