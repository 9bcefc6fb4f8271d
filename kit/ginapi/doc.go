// Package ginapi is what the services that use gin have in common: handlers that return errors, one place that writes
// errors as problems, strict JSON bodies, and an id, a log line and a metric for every request.
//
// It refuses to know the services' errors: each service has its own table that turns them into problems.
package ginapi
