// Package edge is where clients arrive. It accepts connections, reads requests and gives them the order of things:
// route, check, count, forward. It writes the gateway's own answers, the access log and the metrics.
//
// It refuses to know how tokens are verified, how calls are counted and how upstreams are reached: it asks the packages
// that do.
package edge
