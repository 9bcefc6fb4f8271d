// Package gateway tries the gateway's HTTP behaviour from outside: the real program between clients and upstreams
// that the tests run, compared with the RFCs and with net/http's proxy.
//
// It imports nothing of the gateway: what it knows of it is in the environment, in the routes file and on the wire.
package gateway
