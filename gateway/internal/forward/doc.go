// Package forward carries one request to a replica and the response back: it sends the request, sends it again where
// that is harmless, streams bodies in both directions, and tunnels WebSockets.
//
// It refuses to know who the user is, what is counted, and which replicas there are: its caller says which fields
// to add, and package upstream gives it connections. A request without a response is one of its errors; then nothing has
// been sent to the client.
//
// The way of a request:
//
//	Engine.Do       engine.go    takes the request
//	Exchange.do     exchange.go  sends it: whole in memory, perhaps several times (tries.go), or as it comes (upload.go)
//	relay.run       relay.go     reads the response's head, and sends a response that is whole in one write
//	download.run    download.go  passes on a body that is not whole
//	tunnel.run      tunnel.go    carries a WebSocket instead
package forward
