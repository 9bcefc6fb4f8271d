// Package testbed is what tests that start processes have in common: the workspace and its programs, starting, waiting for,
// killing and restarting processes, PostgreSQL, free addresses, and waiting for conditions.
//
// It does not know Tallygate's parts; package cluster knows them. A process's output goes to a log file; the end of the
// file is shown when a test fails.
package testbed
