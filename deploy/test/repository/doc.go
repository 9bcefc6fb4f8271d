// Package repository tests the repository itself: links, packages, paths and tests that documents name exist, documents name
// every setting, and a make target runs every test.
//
// It reads files and starts nothing.
package repository
