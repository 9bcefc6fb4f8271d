// Package system starts Tallygate's programs as a person would and calls them from outside: the contract, the
// clients' Python, the README's commands, and how the whole starts, stops and fails.
//
// It imports no service: what it knows of them is on the command line, in the environment and on the wire.
package system
