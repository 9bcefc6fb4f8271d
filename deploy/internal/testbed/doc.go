// Package testbed is the ground that tests of the whole product stand on: the workspace and its programs, free
// addresses, waiting, what a program has said.
//
// It refuses to know Tallygate's parts; package cluster knows them.
package testbed
