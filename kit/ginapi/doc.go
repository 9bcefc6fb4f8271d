// Package ginapi is how the services that use gin answer: handlers that return errors, one place that writes them,
// strict JSON bodies, and for every request an id, a log line and a metric.
//
// It refuses to know the services' errors: each hands in its own table that turns them into problems.
package ginapi
