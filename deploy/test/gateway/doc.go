// Package gateway tests the gateway's HTTP behaviour from outside. The real program runs between clients and upstreams of
// the tests. It is compared with the RFCs and with net/http's proxy.
//
// It imports nothing of the gateway. It uses its settings, its routes file, its pages and its connections.
package gateway
