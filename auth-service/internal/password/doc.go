// Package password prepares, checks, hashes and verifies passwords, and bounds how many are hashed at once.
//
// It refuses to know whose password it is: users and sessions belong to package account, failed attempts to package
// guess.
package password
