// Package repository tests the repository itself: links in documents are right, documents name every setting, and a make
// target runs every test.
//
// It reads files and starts nothing.
package repository
