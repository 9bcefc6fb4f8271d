// Package httpd holds what every HTTP service of the workspace has in common: the client's address, the request id,
// the buckets of request durations, the health endpoints, and a net/http server with timeouts.
//
// It refuses to know how a service starts and is configured: that is package service.
package httpd
