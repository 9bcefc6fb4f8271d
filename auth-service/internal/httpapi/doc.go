// Package httpapi serves auth-service over HTTP: the public API, and the private API for gateways. routes.go lists all
// routes.
//
// It decides nothing about accounts. It reads requests strictly, calls the domain, and turns errors into problems
// (problems.go).
package httpapi
