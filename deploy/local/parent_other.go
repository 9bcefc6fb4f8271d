//go:build !linux

package main

// catchesInterrupt cannot tell here.
func catchesInterrupt(int) bool { return false }
