// Package authclient is the gateway's one way to auth-service's private listener: users' records and the feed of their
// changes, the ledger of usage, and leases of monthly quotas.
//
// It refuses to know what is done with the answers, and it keeps nothing: who asks also decides what to remember, when
// to ask again, and what to do while nobody answers.
package authclient
