package gateway_test

import (
	"fmt"
	"strings"
)

const host = "\r\nHost: a.test\r\n\r\n"

// startLines: RFC 9112 section 3.
func startLines() []raw {
	var all []raw
	for c := range 0x100 {
		b := string([]byte{byte(c)})
		if c < ' ' || c == 0x7f || c >= 0x80 && c < 0x84 || strings.Contains(`"(),/:;<=>?@[\]{}`, b) {
			if c != '@' {
				all = append(all, raw{fmt.Sprintf("byte %#x in the method", c), "G" + b + "T @ HTTP/1.1" + host, refused})
			}
		}
		if c < ' ' || c == 0x7f {
			all = append(all,
				raw{fmt.Sprintf("byte %#x after the method", c), "GET" + b + "@ HTTP/1.1" + host, refused},
				raw{fmt.Sprintf("byte %#x after the target", c), "GET @" + b + "HTTP/1.1" + host, refused})
		}
	}
	lines := []string{
		"GET  @ HTTP/1.1", "GET @  HTTP/1.1", " GET @ HTTP/1.1", "GET @ HTTP/1.1 ", "GET @ HTTP/1.1\t", "GET @ HTTP/1.1 HTTP/1.1", "GET @", "GET @ ", "GET", "GET ", "GET HTTP/1.1",
		"GET  HTTP/1.1", "@ HTTP/1.1", "GET @ & HTTP/1.1", "GET @\tHTTP/1.1", "GET\t@ HTTP/1.1", "GET @ http/1.1", "GET @ Http/1.1", "GET @ HTTP1.1", "GET @ HTTP /1.1", "GET @ HTTP/ 1.1",
		"GET @ HTTP/1 .1", "GET @ HTTP/1. 1", "GET @ HTTP/1", "GET @ HTTP/1.", "GET @ HTTP/.1", "GET @ HTTP/", "GET @ HTTP", "GET @ HTTP/1.1.1", "GET @ HTTP/1,1", "GET @ HTTP/1.10",
		"GET @ HTTP/01.1", "GET @ HTTP/1.01", "GET @ HTTP/+1.1", "GET @ HTTP/1.+1", "GET @ HTTP/-1.1", "GET @ HTTP/1.1x", "GET @ xHTTP/1.1", "GET @ HTTPS/1.1", "GET @ HTP/1.1", "GET @ ICY/1.1",
		"GET @ HTTP/1.\uff11", "GET @ HTTP/a.b", "GET @ HTTP/0x1.1", "GET @ HTTP\\1.1", "GET @ HTTP/1.1\x00", "GET @ \x00HTTP/1.1", "\x00GET @ HTTP/1.1", "\ufeffGET @ HTTP/1.1", "\"GET\" @ HTTP/1.1",
		"GET \"@\" HTTP/1.1", "GET @;HTTP/1.1", "HTTP/1.1 200 OK", "GET:@ HTTP/1.1", "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03",
	}
	all = append(all, each("request line", refused, lines, func(l string) string { return l + host })...)
	// RFC 9110 section 2.5: a later minor version is read as the one that is known.
	all = append(all, each("version", passed, []string{"HTTP/1.2", "HTTP/1.9"}, func(v string) string { return "GET @ " + v + host })...)
	versions := []string{"HTTP/0.9", "HTTP/2.0", "HTTP/2.1", "HTTP/3.0", "HTTP/9.9", "HTTP/0.0"}
	all = append(all, each("version", declined, versions, func(v string) string { return "GET @ " + v + host })...)
	method := func(m string) string { return m + " @ HTTP/1.1" + host }
	all = append(all, each("method", passed, []string{"FOO", "M-SEARCH", "PATCH", "PUT", "DELETE", "OPTIONS", "PROPFIND"}, method)...)
	all = append(all, each("method", either, []string{
		"get", "Get", "TRACE", "TRACK", "DEBUG", "PRI", "A", "GET!", repeat("A", 40), repeat("A", 5000), repeat("A", 100000),
	}, method)...)
	all = append(all, each("method", declined, []string{"CONNECT"}, method)...)
	return append(
		all,
		raw{"CONNECT to an authority", "CONNECT a.test:443 HTTP/1.1" + host, declined},
		raw{"GET of an authority", "GET a.test:80 HTTP/1.1" + host, refused},
		raw{"GET of *", "GET * HTTP/1.1" + host, refused},
		raw{"HTTP/2's preface", "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", declined},
		raw{"HTTP/0.9", "GET @\r\n", refused},
	)
}

// versions: requests of HTTP/1.0, with and without what only HTTP/1.1 has.
func versions() []raw {
	return []raw{
		{"HTTP/1.0", "GET @ HTTP/1.0\r\nHost: a.test\r\n\r\n", passed},
		{"HTTP/1.0 without Host", "GET @ HTTP/1.0\r\n\r\n", either},
		{"HTTP/1.0 with two Host", "GET @ HTTP/1.0\r\nHost: a.test\r\nHost: b.test\r\n\r\n", refused},
		{"HTTP/1.0 with an upgrade", "GET @ HTTP/1.0\r\nHost: a.test\r\nConnection: upgrade\r\nUpgrade: websocket\r\n\r\n", either},
		{"HTTP/1.0 that expects", "POST @ HTTP/1.0\r\nHost: a.test\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello", passed},
		{"HTTP/1.0 whose body has no length", "POST @ HTTP/1.0\r\nHost: a.test\r\n\r\nGET & HTTP/1.1\r\nHost: a.test\r\n\r\n", either},
		{"HTTP/1.0 with two lengths", "POST @ HTTP/1.0\r\nHost: a.test\r\nContent-Length: 5\r\nContent-Length: 0\r\n\r\nhello", refused},
	}
}
