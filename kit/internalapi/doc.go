// Package internalapi is the contract between gateway and auth-service: the calls under /internal/ on auth-service's
// private listener, and the credential that they carry.
//
// It refuses to know the code at the two ends: the gateway's client and auth-service's handlers are written by hand, and
// their tests compare them with the description.
package internalapi
