// Package testbed is the ground that tests of the whole product stand on: the workspace and its programs, processes that
// are started, awaited, killed and started again, PostgreSQL, free addresses, and waiting.
//
// It refuses to know Tallygate's parts; package cluster knows them. What a process writes goes to a file; when a test
// fails, its end is shown.
package testbed
