// Package authclient calls auth-service's private API: users' records and the feed of their changes, the ledger of usage,
// and leases of monthly quotas.
//
// It keeps nothing and refuses to know what responses are used for. Its callers decide what to remember, when to send a
// request again, and what to do while auth-service is unavailable. It ignores members that it does not know, so that
// neighbouring versions of the two services work together.
package authclient
