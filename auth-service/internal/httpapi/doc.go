// Package httpapi is auth-service over HTTP: the public API and the private one for gateways. routes.go shows all of it.
//
// It decides nothing about accounts. It reads requests strictly, calls the domain, and turns what happened into what
// the client is told (problems.go).
package httpapi
