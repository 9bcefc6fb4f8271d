// Package edge is where clients arrive. It accepts connections, reads requests, and takes each through the same steps:
// route, check, limit, count, forward. It writes the gateway's own responses, the access log and the metrics.
//
// It refuses to know how tokens are verified, how calls are counted and how upstreams are reached: other packages do
// that.
package edge
