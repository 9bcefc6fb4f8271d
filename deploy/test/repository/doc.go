// Package repository tests the repository itself: links, packages, paths and tests that documents name exist, documents name
// every setting, a make target runs every test, and the rules and dashboards of deploy/observability are right.
//
// It reads files and starts no service.
package repository
