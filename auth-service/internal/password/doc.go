// Package password prepares, judges, hashes and verifies passwords, and keeps a flood of them from taking the machine.
//
// It refuses to know whose password it is: users, sessions and guess counting are package account's business.
package password
