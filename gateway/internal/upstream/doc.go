// Package upstream keeps the replicas behind a route: it resolves names, checks health, ejects replicas that fail
// requests, bounds retries, and keeps connections for the next request.
//
// It refuses to know what is sent: package forward takes a connection, uses it, and reports how that went.
package upstream
