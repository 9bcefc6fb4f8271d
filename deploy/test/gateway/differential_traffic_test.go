package gateway_test

import (
	"fmt"
	"strings"
)

func validRequests() []exchange {
	one := func(name, text string) exchange { return exchange{name: name, request: text} }
	withBody := func(method, fields, body string) string {
		return fmt.Sprintf("%s @ HTTP/1.1\r\nHost: a.test\r\n%sContent-Length: %d\r\n\r\n%s", method, fields, len(body), body)
	}
	all := []exchange{
		one("a query", "GET @?a=b&c=d%20e&f HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("an empty query", "GET @? HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("a query with odd characters", "GET @?a=../..//&b=%2f%00&c=%5Bx%5D&d=~!*'() HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("an escaped path", "GET @/gr%C3%BC%C3%9F%20e HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("a path with sub-delimiters", "GET @/a!$&'()*+,=:b HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("a slash at the end", "GET @/ HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("a host with a port", "GET @ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n"),
		one("a host that is an IPv6 address", "GET @ HTTP/1.1\r\nHost: [::1]:80\r\n\r\n"),
		one("absolute-form", "GET http://a.test@ HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("a field twice", "GET @ HTTP/1.1\r\nHost: a.test\r\nX: a\r\nX: b\r\nY: c\r\nX: d\r\n\r\n"),
		one("an empty field", "GET @ HTTP/1.1\r\nHost: a.test\r\nX:\r\n\r\n"),
		one("fields in odd case", "GET @ HTTP/1.1\r\nhOST: a.test\r\naCCEPT: text/html;q=0.9,*/*\r\n\r\n"),
		one("cookies", "GET @ HTTP/1.1\r\nHost: a.test\r\nCookie: a=b; c=\"d\"\r\nCookie: e=f\r\n\r\n"),
		one("conditions", "GET @ HTTP/1.1\r\nHost: a.test\r\nIf-None-Match: W/\"a\", \"b\"\r\nIf-Modified-Since: Tue, 24 Nov 2026 02:00:00 GMT\r\nRange: bytes=0-4\r\n\r\n"),
		one("Accept-Encoding", "GET @ HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip, br\r\n\r\n"),
		one("no Accept-Encoding", "GET @ HTTP/1.1\r\nHost: a.test\r\n\r\n"),
		one("bytes from 0x80 in a field", "GET @ HTTP/1.1\r\nHost: a.test\r\nX: gr\xfc\xdf\r\n\r\n"),
		one("hop-by-hop fields", "GET @ HTTP/1.1\r\nHost: a.test\r\nConnection: X, close\r\nX: gone\r\nKeep-Alive: 5\r\nProxy-Connection: close\r\nProxy-Authorization: a\r\nY: stays\r\n\r\n"),
		one("HTTP/1.0", "GET @ HTTP/1.0\r\nHost: a.test\r\n\r\n"),
		one("50 fields", "GET @ HTTP/1.1\r\nHost: a.test\r\n"+strings.Repeat("X-Many: a value\r\n", 50)+"\r\n"),
		one("a chunked body", "POST @ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n6;a=b\r\n world\r\n0\r\n\r\n"),
		one("an empty chunked body", "POST @ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		one("a body of 1 MiB", withBody("POST", "", strings.Repeat("0123456789abcdef", 1<<16))),
		one("a body of 16 KiB", withBody("PUT", "Content-Type: application/octet-stream\r\n", strings.Repeat("x", 16<<10))),
		one("a body of zeros", withBody("POST", "", strings.Repeat("\x00", 1000))),
		one("an expectation", withBody("POST", "Expect: 100-continue\r\n", "hello")),
	}
	for _, method := range []string{"GET", "HEAD", "DELETE", "OPTIONS", "PROPFIND", "M-SEARCH"} {
		all = append(all, one(method, method+" @ HTTP/1.1\r\nHost: a.test\r\n\r\n"))
	}
	for _, method := range []string{"POST", "PUT", "PATCH", "DELETE", "REPORT"} {
		all = append(all, one(method+" with a body", withBody(method, "Content-Type: text/plain\r\n", "hello")), one(method+" with an empty body", withBody(method, "", "")))
	}
	return all
}

func validResponses() []exchange {
	one := func(name, response string) exchange {
		return exchange{name, "GET @ HTTP/1.1\r\nHost: a.test\r\n\r\n", response}
	}
	all := []exchange{
		one("no content", "HTTP/1.1 204 No Content\r\nX: y\r\n\r\n"),
		one("not modified", "HTTP/1.1 304 Not Modified\r\nETag: \"a\"\r\nContent-Length: 100\r\n\r\n"),
		one("a response of no bytes", "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
		one("several cookies", "HTTP/1.1 200 OK\r\nSet-Cookie: a=b; Path=/\r\nSet-Cookie: c=d; HttpOnly\r\nContent-Length: 2\r\n\r\nok"),
		one("a redirect", "HTTP/1.1 302 Found\r\nLocation: http://elsewhere.test/?a=b\r\nContent-Length: 0\r\n\r\n"),
		one("a chunked response", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n1;x=y\r\n!\r\n0\r\n\r\n"),
		one("an empty chunked response", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
		one("compressed bytes", "HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nVary: Accept-Encoding\r\nContent-Length: 5\r\n\r\n\x1f\x8b\x08\x00\x00"),
		one("hop-by-hop fields of a response", "HTTP/1.1 200 OK\r\nConnection: X\r\nX: gone\r\nKeep-Alive: timeout=5\r\nY: stays\r\nContent-Length: 2\r\n\r\nok"),
		one("an early hint before", "HTTP/1.1 103 Early Hints\r\nLink: </a.css>; rel=preload\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"),
		one("a 100 without Expect", "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Type: text/plain\r\nContent-Length: 2\r\n\r\nok"),
		one("a status without a reason", "HTTP/1.1 200 \r\nContent-Length: 2\r\n\r\nok"),
		one("Server and Date", "HTTP/1.1 200 OK\r\nServer: thing/1\r\nDate: Tue, 24 Nov 2026 02:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"),
		one("a cache's fields", "HTTP/1.1 200 OK\r\nAge: 5\r\nCache-Control: public, max-age=60\r\nETag: W/\"x\"\r\nLast-Modified: Tue, 24 Nov 2026 02:00:00 GMT\r\nContent-Length: 2\r\n\r\nok"),
		one("WWW-Authenticate", "HTTP/1.1 401 Unauthorized\r\nWWW-Authenticate: Basic realm=\"a\", Bearer\r\nContent-Length: 2\r\n\r\nno"),
		one("a response of 1 MiB", "HTTP/1.1 200 OK\r\nContent-Length: 1048576\r\n\r\n"+strings.Repeat("0123456789abcdef", 1<<16)),
		one("a chunked response of 1 MiB", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n100000\r\n"+strings.Repeat("0123456789abcdef", 1<<16)+"\r\n0\r\n\r\n"),
		one("a trailer in a response", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX-Late: y\r\n\r\n"),
		{"a response to HEAD with a length", "HEAD @ HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 200 OK\r\nContent-Length: 1000\r\nX: y\r\n\r\n"},
		{"a response to HEAD without a length", "HEAD @ HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 200 OK\r\nX: y\r\n\r\n"},
		{"a response to HEAD that says chunked", "HEAD @ HTTP/1.1\r\nHost: a.test\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"},
		{"a chunked response to HTTP/1.0", "GET @ HTTP/1.0\r\nHost: a.test\r\n\r\n", "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n0\r\n\r\n"},
	}
	for _, status := range []string{"200 OK", "201 Created", "202 Accepted", "206 Partial Content", "301 Moved", "400 Bad Request", "404 Not Found", "418 I'm a teapot", "451 Odd", "500 Oops", "503 Later", "599 Custom"} {
		all = append(all, one("status "+status, "HTTP/1.1 "+status+"\r\nContent-Type: text/plain\r\nContent-Length: 4\r\n\r\nbody"))
	}
	return all
}
