// Package secretfile makes the files that hold secrets, shares them among containers, and replaces a secret while
// services run.
//
// It refuses to know what a secret is used for, except how long the old one is still needed, which its caller says. It
// never prints a secret.
package secretfile
