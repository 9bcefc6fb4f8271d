//go:build !linux

package main

// catchesInterrupt cannot find out on this system.
func catchesInterrupt(int) bool { return false }
