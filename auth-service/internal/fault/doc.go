// Package fault holds the errors that all domain packages of auth-service share: a value that is not valid, and a
// database that is not available.
//
// It refuses to know what clients see: package httpapi turns errors into problems. An error that belongs to one domain
// package is declared there.
package fault
