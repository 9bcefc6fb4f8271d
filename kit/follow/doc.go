// Package follow reloads what a service reads from files when the files change: secrets, routes, a certificate.
//
// A [Follower] looks at its sources every [Interval], and at once on SIGHUP. All of it runs on the goroutine of Run, one
// source after another. When a source fails, the old values stay in use, and the other sources are reloaded all the same. A
// failure is logged once, not at every look, and again on SIGHUP. When the source works again, that is logged once.
//
// A file that is written in place can be read while half of it is there, and half a file may be valid. [Files] with
// Settle therefore take a change when two looks in a row have found the same contents. SIGHUP takes it at once.
//
// The package refuses to know what is in the files.
package follow
