//go:build !unix

package main

// openFilesLimit is not known here.
func openFilesLimit() (files int, known bool) { return 0, false }
