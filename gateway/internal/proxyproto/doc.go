// Package proxyproto reads the header with which a proxy introduces a client's connection: the PROXY protocol of HAProxy,
// versions 1 and 2.
//
// It refuses to know who may send one, and what the connection is used for. It never reads a byte more than the header: what
// follows belongs to others, who read the descriptor themselves.
package proxyproto
