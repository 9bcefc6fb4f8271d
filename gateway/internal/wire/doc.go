// Package wire reads and writes HTTP/1.1 messages (RFC 9112) on connections: request heads from clients, answer heads
// from upstreams, bodies in both directions, and the limits of time on both.
//
// It is strict: a message that two parsers could read differently is an error, never a guess. Heads are read in place,
// in one buffer of the connection, and nothing is allocated for an ordinary request; an idle connection holds no
// buffer. The package refuses to know routes, users and upstreams.
package wire
