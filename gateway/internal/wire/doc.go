// Package wire reads and writes HTTP/1.1 messages (RFC 9112) on connections: the heads of requests and responses in both
// directions, their bodies, and the timeouts of both. It knows the form of messages. Its callers
// decide which fields pass.
//
// It is strict: a message that two parsers could read differently is an error, never a guess. Nothing is written that its
// own parser would not read back as the same (HeadWriter). Heads are read in place, in one buffer of the connection. An
// ordinary message allocates nothing, and an idle connection holds no buffer. The package refuses to know routes, users
// and upstreams.
package wire
