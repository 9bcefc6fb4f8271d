package gateway_test

// writeUps are payloads from public research on request smuggling: PortSwigger (2019 to 2025), defparam's smuggler,
// Http11Probe, and CVEs of other proxies.
func writeUps() []raw {
	const chunks = "0\r\n\r\n"
	expect := func(fields string) string {
		return post(fields+"Content-Length: 5\r\n", "hello")
	}
	return []raw{
		{"CL.TE", post("Content-Length: 46\r\nTransfer-Encoding: chunked\r\n", chunks+follow), refused},
		{"TE.CL", post("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n", "2d\r\n"+follow+"\r\n0\r\n\r\n"), refused},
		{"TE.TE", post("Transfer-Encoding: chunked\r\nTransfer-Encoding: x\r\nContent-Length: 4\r\n", "2d\r\n"+follow+"\r\n0\r\n\r\n"), refused},
		{"TE.TE, a space in the name", post("Transfer-Encoding : chunked\r\nContent-Length: 4\r\n", chunks+follow), refused},
		{"TE.0", "OPTIONS @ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n2a\r\n" + padded(42) + "\r\n0\r\n\r\n", either},
		{"CL.0", "POST @ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 30\r\n\r\n" + padded(30), passed},
		{"0.CL, the length hidden by a space", "GET @ HTTP/1.1\r\nHost: a.test\r\nContent-Length : 45\r\n\r\n" + follow, refused},
		{"0.CL, the length hidden by a fold", "GET @ HTTP/1.1\r\nHost: a.test\r\nX: y\r\n Content-Length: 45\r\n\r\n" + follow, refused},
		{"0.CL, the length folded", "GET @ HTTP/1.1\r\nHost: a.test\r\nContent-Length:\r\n 45\r\n\r\n" + follow, refused},
		{"0.CL, a line of the length without a value", "GET @ HTTP/1.1\r\nHost: a.test\r\nContent-Length\r\n\r\n" + follow, refused},
		{"a leading LF in the body's first chunk size", post("Transfer-Encoding: chunked\r\n", "\n0\r\n\r\n"), refused},
		{"TERM.EXT: a line end hidden in an extension", post("Transfer-Encoding: chunked\r\n", "2;\nxx\r\n2d\r\n0\r\n\r\n"+follow+"\r\n0\r\n\r\n"), refused},
		{"EXT.TERM: a bare CR in an extension", post("Transfer-Encoding: chunked\r\n", "2;a\rb\r\nxx\r\n0\r\n\r\n"), refused},
		{"TERM.SPILL: a chunk ends without a line end", post("Transfer-Encoding: chunked\r\n", "5\r\nhello1a\r\n"+follow+"\r\n0\r\n\r\n"), refused},
		{"ONE.TWO: a chunk ends with two other bytes", post("Transfer-Encoding: chunked\r\n", "5\r\nhelloXX0\r\n\r\n"), refused},
		{"a trailer that looks like a request", post("Transfer-Encoding: chunked\r\n", "0\r\nGET & HTTP/1.1\r\nHost: a.test\r\n\r\n"), refused},
		{"a trailer whose value looks like a request", post("Transfer-Encoding: chunked\r\n", "0\r\nX: GET & HTTP/1.1\r\n\r\n"), passed},
		{"two chunked bodies", post("Transfer-Encoding: chunked\r\n", "0\r\n\r\n") + get(""), passedTwo},
		{"Expect", expect("Expect: 100-continue\r\n"), passed},
		{"Expect in capitals", expect("EXPECT: 100-CONTINUE\r\n"), passed},
		{"Expect of something else", expect("Expect: y\r\n"), declined},
		{"Expect of more than it should", expect("Expect: y 100-continue\r\n"), declined},
		{"Expect of a list", expect("Expect: 100-continue, y\r\n"), declined},
		{"Expect twice", expect("Expect: 100-continue\r\nExpect: 100-continue\r\n"), either},
		{"Expect, empty", expect("Expect:\r\n"), either},
		{"Expect with a fold", expect("Expect:\r\n 100-continue\r\n"), refused},
		{"Expect in a GET without a body", get("Expect: 100-continue\r\n"), passed},
		{"Expect and chunked", post("Expect: 100-continue\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), passed},
		{"Upgrade to h2c", get("Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), passed},
		{"Upgrade to h2c without Connection", get("Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n"), passed},
		{"Upgrade to h2", get("Connection: Upgrade\r\nUpgrade: h2\r\n"), passed},
		{"Upgrade to TLS", get("Connection: Upgrade\r\nUpgrade: TLS/1.0\r\n"), passed},
		{"Upgrade to bytes that are no token", get("Connection: Upgrade\r\nUpgrade: \xff\r\n"), either},
		{"Upgrade to several", get("Connection: Upgrade\r\nUpgrade: websocket, h2c\r\n"), either},
		{"Upgrade to websocket without Connection", get("Upgrade: websocket\r\n"), passed},
		{"Upgrade to websocket in a POST", post("Connection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 5\r\n", "hello"), passed},
		{"Upgrade to websocket with a body behind", "GET @ HTTP/1.1\r\nHost: a.test\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nContent-Length: 30\r\n\r\n" + padded(30), passed},
		{"Upgrade to websocket that the upstream does not want", get("Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"), passed},
		{"X-Original-URL", get("X-Original-URL: /admin/users\r\nX-Rewrite-URL: /admin/users\r\nX-Envoy-Original-Path: /admin/users\r\n"), passed},
		{"X-HTTP-Method-Override", get("X-HTTP-Method-Override: DELETE\r\nX-HTTP-Method: DELETE\r\nX-Method-Override: DELETE\r\n"), passed},
		{"Proxy-Connection and Keep-Alive", get("Proxy-Connection: keep-alive\r\nKeep-Alive: timeout=5\r\n"), passed},
		{"Range without end", get("Range: bytes=0-,0-,0-\r\n"), passed},
		{"a request hidden in a field", get("X: GET & HTTP/1.1\r\n"), passed},
		{"two requests in a row", get("") + get(""), passedTwo},
		{"a request after Connection: close", get("Connection: close\r\n") + follow, passed},
		{"a request after HTTP/1.0", "GET @ HTTP/1.0\r\nHost: a.test\r\n\r\n" + follow, passed},
		{"a request after a refused one in the same packet", "GET @/.. HTTP/1.1" + host + follow, refused},
	}
}
