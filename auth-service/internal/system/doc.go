// Package system gathers the state of the installation for administrators: this auth-service, its database, the ledger, the
// secrets, and what gateways report of themselves and of their upstreams.
//
// It refuses to know how any of these works. It never has a secret, only how many there are and how old they are.
package system
