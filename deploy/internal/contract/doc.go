// Package contract checks, from outside, the calls that existing clients make and that never change: register, get a
// token, compute, and be refused.
//
// It knows an address. It does not know how the Tallygate at that address was started.
package contract
