// Package repository tests the repository itself: that documents lead somewhere and name every setting, and that every
// test is run by a make target.
//
// It reads files and starts nothing.
package repository
