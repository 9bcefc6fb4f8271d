// Package httpd runs a service: its public and its private listener, readiness, graceful stop, the flags that every
// program of the workspace has, and what belongs to every request (id, client address).
//
// It refuses to know what a service does, and which framework answers: anything with Serve and Shutdown will do.
package httpd
