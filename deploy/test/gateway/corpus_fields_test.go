package gateway_test

import (
	"fmt"
	"strings"
)

func repeat(text string, n int) string { return strings.Repeat(text, n) }

// fieldBytes: RFC 9110 sections 5.1 and 5.5: names are tokens, values have no controls.
func fieldBytes() []raw {
	var all []raw
	for c := range 0x100 {
		b := string([]byte{byte(c)})
		token := c > ' ' && c < 0x7f && !strings.Contains(`"(),/:;<=>?@[\]{}`, b)
		if !token && c != ':' && c < 0x88 {
			all = append(all, raw{fmt.Sprintf("byte %#x in a field's name", c), get("X" + b + "y: z\r\n"), refused})
		}
		if c < ' ' && c != '\t' || c == 0x7f {
			all = append(all, raw{fmt.Sprintf("byte %#x in a field's value", c), get("X: a" + b + "b\r\n"), refused})
			all = append(all, raw{fmt.Sprintf("byte %#x before a field's value", c), get("X:" + b + "b\r\n"), refused})
		}
	}
	for i := range all {
		if strings.HasPrefix(all[i].name, "byte 0xa before") || strings.HasPrefix(all[i].name, "byte 0x40") {
			all[i].text = strings.ReplaceAll(all[i].text, "X@y", "X\x40\x20y")
		}
	}
	return append(
		all,
		raw{"a tab inside a value", get("X: a\tb\r\n"), passed},
		raw{"bytes from 0x80 in a value", get("X: \x80\xff\r\n"), either},
		raw{"UTF-8 in a value", get("X: gr\u00fc\u00df\r\n"), either},
		raw{"an empty value", get("X:\r\n"), passed},
		raw{"a value of white space", get("X: \t \r\n"), passed},
		raw{"every character of a token in a name", get("!#$%'*+-.^_`|~09AZaz: b\r\n"), passed},
		raw{"an empty name", get(": b\r\n"), refused},
		raw{"a line without a colon", get("nothing\r\n"), refused},
		raw{"a name alone", get("X\r\n"), refused},
		raw{"a space before the colon", get("X : b\r\n"), refused},
		raw{"a tab before the colon", get("X\t: b\r\n"), refused},
		raw{"white space before the first field", "GET @ HTTP/1.1\r\n Host: a.test\r\n\r\n", refused},
		raw{"a tab before the first field", "GET @ HTTP/1.1\r\n\tHost: a.test\r\n\r\n", refused},
		raw{"white space, then the first field", "GET @ HTTP/1.1\r\n X: y\r\nHost: a.test\r\n\r\n", refused},
		raw{"a line of white space", get(" \r\n"), refused},
		raw{"a folded field", get("X: a\r\n b\r\n"), refused},
		raw{"a field folded by a tab", get("X: a\r\n\tb\r\n"), refused},
		raw{"a field folded twice", get("X: a\r\n b\r\n c\r\n"), refused},
		raw{"a folded Host", "GET @ HTTP/1.1\r\nHost:\r\n a.test\r\n\r\n", refused},
		raw{"a fold that hides a length", post("X: a\r\n Content-Length: 5\r\n", "hello"), refused},
		raw{"Connection is no list of tokens", get("Connection: a b\r\n"), either},
		raw{"Connection names a length", post("Connection: Content-Length\r\nContent-Length: 5\r\n", "hello"), either},
		raw{"Connection names Host", get("Connection: Host\r\n"), either},
		raw{"Connection names a coding", post("Connection: Transfer-Encoding\r\nTransfer-Encoding: chunked\r\n", "5\r\nhello\r\n0\r\n\r\n"), either},
		raw{"Connection twice", get("Connection: keep-alive\r\nConnection: X\r\nX: y\r\n"), passed},
		raw{"Connection of 500 names", get("Connection: " + repeat("a, ", 500) + "b\r\n"), either},
	)
}

// lineEnds: RFC 9112 section 2.2: lines end with CR LF, and nothing else does.
func lineEnds() []raw {
	return []raw{
		{"LF after the request line", "GET @ HTTP/1.1\nHost: a.test\r\n\r\n", refused},
		{"LF after a field", "GET @ HTTP/1.1\r\nHost: a.test\nX: y\r\n\r\n", refused},
		{"LF after the last field", "GET @ HTTP/1.1\r\nHost: a.test\n\r\n", refused},
		{"LF ends the head", "GET @ HTTP/1.1\r\nHost: a.test\r\n\n", refused},
		{"LF everywhere", "GET @ HTTP/1.1\nHost: a.test\n\n", refused},
		{"LF LF inside a head", "GET @ HTTP/1.1\r\nHost: a.test\r\nX: y\n\nGET & HTTP/1.1\r\nHost: a.test\r\n\r\n", refused},
		{"CR after the request line", "GET @ HTTP/1.1\rHost: a.test\r\n\r\n", refused},
		{"CR after a field", "GET @ HTTP/1.1\r\nHost: a.test\rX: y\r\n\r\n", refused},
		{"CR CR LF after a field", "GET @ HTTP/1.1\r\nHost: a.test\r\r\n\r\n", refused},
		{"CR CR LF after the request line", "GET @ HTTP/1.1\r\r\nHost: a.test\r\n\r\n", refused},
		{"LF CR after a field", "GET @ HTTP/1.1\r\nHost: a.test\n\rX: y\r\n\r\n", refused},
		{"CR before LF in a value", get("X: a\r\r\n"), refused},
		{"CR alone ends the head", "GET @ HTTP/1.1\r\nHost: a.test\r\n\rX: y\r\n\r\n", refused},
		{"CR CR ends the head", "GET @ HTTP/1.1\r\nHost: a.test\r\n\r\rGET & HTTP/1.1\r\nHost: a.test\r\n\r\n", refused},
		{"a bare CR before a request", "\rGET @ HTTP/1.1\r\nHost: a.test\r\n\r\n", refused},
		{"a bare LF before a request", "\nGET @ HTTP/1.1\r\nHost: a.test\r\n\r\n", either},
		{"an empty line before a request", "\r\nGET @ HTTP/1.1\r\nHost: a.test\r\n\r\n", passed},
		{"many empty lines before a request", repeat("\r\n", 1000) + "GET @ HTTP/1.1\r\nHost: a.test\r\n\r\n", either},
		{"an empty line between two requests", post("Content-Length: 5\r\n", "hello\r\n") + get(""), passedTwo},
		{"NEL after a field", "GET @ HTTP/1.1\r\nHost: a.test\r\nX: y\u0085Z: z\r\n\r\n", either},
		{"a vertical tab instead of a line end", "GET @ HTTP/1.1\x0bHost: a.test\r\n\r\n", refused},
	}
}
