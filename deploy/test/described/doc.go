// Package described compares what the programs respond with what /openapi.json says of it: every operation, every response
// that can be provoked. It also records the examples of the description, and signs in with a client that is generated from it.
//
// It knows the programs from outside only.
package described
