// Package disk measures the file system that a folder is on, for metrics.
//
// It frees nothing and refuses nothing: a service that runs out of space learns it from its own writes.
package disk
