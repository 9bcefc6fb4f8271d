// Package contract checks, from outside, the calls that existing clients make and that never change: register, get a
// token, compute, and be refused.
//
// It knows an address and nothing of how Tallygate behind it was started.
package contract
