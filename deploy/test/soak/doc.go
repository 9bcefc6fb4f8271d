// Package soak lets the whole product run under a mixed load for a long time, and checks that nothing grows that should not: memory,
// goroutines, descriptors, connections, the folder of counted calls, and the database by more than each sign-in is worth.
//
// It knows the product from outside only. `make soak` runs it. SOAK_DURATION (15m) is how long.
package soak
