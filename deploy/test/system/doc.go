// Package system starts Tallygate's programs like a person and calls them from outside. It tests the contract, the clients'
// Python, the README's commands, and how the whole starts, stops and fails.
//
// It imports no service. It uses their command lines, their settings and their HTTP calls.
package system
