// Package h2 ends HTTP/2 towards clients: each stream becomes a connection that carries one exchange of HTTP/1.1, and so goes through
// the same steps as any other request. Towards servers that speak HTTP/2, it makes such a connection a stream. It leaves frames to golang.org/x/net/http2 and net/http, and knows nothing of routes, users and limits.
//
// What it writes as HTTP/1.1 is read by package wire at once, which refuses what two servers could read differently.
package h2
