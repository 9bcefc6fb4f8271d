package gateway_test

import (
	"slices"
	"strings"
)

// lengths: RFC 9112 section 6.3, RFC 9110 section 8.6.
func lengths() []raw {
	value := func(v string) string { return post("Content-Length: "+v+"\r\n", "hello") }
	odd := []string{
		"+5", "-5", "-0", "0x5", "0X5", "5h", "0b101", "0o5", "5,5", "5, 5", "5,6", "5 5", "5;", "5;a", "5.0", "5e0", "5_0", ",5", "5,", ",",
		`"5"`, "'5'", "(5)", "five", "NaN", "5\u00a0", "\u0665", "\uff15", "5\x00", "\x005", "5\x0b", "\x0b5", "5\x0c", "\x0c5", "5\x7f", "5\x1f",
		"9223372036854775808", "18446744073709551615", "18446744073709551616", "18446744073709551621", "99999999999999999999999999",
		"4294967301x", "5\t5", "5\\", "5%35", "", " ", "\t",
	}
	pairs := map[string]string{
		"twice the same":                 "Content-Length: 5\r\nContent-Length: 5\r\n",
		"twice, smaller last":            "Content-Length: 5\r\nContent-Length: 0\r\n",
		"twice, larger last":             "Content-Length: 0\r\nContent-Length: 5\r\n",
		"twice in different cases":       "Content-Length: 5\r\ncontent-length: 0\r\n",
		"twice, the first empty":         "Content-Length:\r\nContent-Length: 5\r\n",
		"twice, the last empty":          "Content-Length: 5\r\nContent-Length:\r\n",
		"three times":                    "Content-Length: 5\r\nContent-Length: 5\r\nContent-Length: 5\r\n",
		"twice, another between":         "Content-Length: 5\r\nX: y\r\nContent-Length: 6\r\n",
		"twice, one with a space before": "Content-Length: 5\r\nContent-Length : 6\r\n",
		"folded":                         "Content-Length:\r\n 5\r\n",
		"folded digits":                  "Content-Length: 1\r\n 2\r\n",
		"a tab before the colon":         "Content-Length\t: 5\r\n",
		"a space before the colon":       "Content-Length : 5\r\n",
		"a space before the name":        " Content-Length: 5\r\n",
		"a NUL in the name":              "Content\x00-Length: 5\r\n",
		"no colon":                       "Content-Length 5\r\n",
		"a bare CR before it":            "X: y\rContent-Length: 5\r\n",
	}
	all := each("Content-Length", refused, odd, value)
	all = append(all, named("Content-Length ", refused, pairs, func(fields string) string { return post(fields, "hello") })...)
	return append(
		all,
		raw{"Content-Length without a space", post("Content-Length:5\r\n", "hello"), passed},
		raw{"Content-Length between tabs", post("Content-Length:\t5\t \r\n", "hello"), passed},
		raw{"Content-Length in capitals", post("CONTENT-LENGTH: 5\r\n", "hello"), passed},
		raw{"Content-Length with leading zeros", post("Content-Length: 0005\r\n", "hello"), either},
		raw{"Content-Length 0 and no body", post("Content-Length: 0\r\n", ""), passed},
		raw{"no Content-Length and no body", post("", ""), passed},
		raw{"a body that stops early", post("Content-Length: 50\r\n", "hello"), cutOff},
		raw{"a larger body that stops early", post("Content-Length: 5000000\r\n", "hello"), cutOff},
		raw{"a body in a GET", "GET @ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 40\r\n\r\n" + padded(40), passed},
		raw{"a body in a HEAD", "HEAD @ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 40\r\n\r\n" + padded(40), passed},
		raw{"a body in a DELETE", "DELETE @ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 40\r\n\r\n" + padded(40), passed},
		raw{"a body in an OPTIONS", "OPTIONS @ HTTP/1.1\r\nHost: a.test\r\nContent-Length: 40\r\n\r\n" + padded(40), passed},
		raw{"an underscore in the name and no length", post("Content_Length: 40\r\n", ""), passed},
		raw{"an underscore in the name beside a length", post("Content-Length: 5\r\nContent_Length: 0\r\n", "hello"), passed},
	)
}

// padded is a body of n bytes that begins like a request, for a parser that takes the body for the next request. Filling in the
// path makes it longer; the bytes after the first n belong to no message.
func padded(n int) string {
	return (follow + repeat("-", n))[:n]
}

// codings: RFC 9112 section 6.1. Write-ups on smuggling call this TE.TE.
func codings() []raw {
	const body = "5\r\nhello\r\n0\r\n\r\n"
	values := []string{
		"Chunked", "CHUNKED", "chunKed", "chunked, identity", "identity, chunked", "identity", "gzip, chunked", "chunked, gzip", "gzip", "deflate",
		"compress", "br", "trailers", "chunked, chunked", "chunked,chunked", "chunked;q=1", "chunked; foo=bar", "chunked;", ";chunked", `"chunked"`,
		"'chunked'", "chunked\x00", "\x00chunked", "chunked\x0b", "\x0bchunked", "\x0cchunked", "chunked\x0c", "chunked\x1f", "chunked\x7f",
		"chunked\u00a0", "\u00a0chunked", "chunked\x85", "\xffchunked", "chunk ed", "chunked foo", "foo chunked", "xchunked", "chunkedx", "chunke",
		",chunked", "chunked,", ", chunked", "chunked ,", ",,chunked", "cow", "cow, chunked", "chunked, cow", "", " ", ",", "x", "chunked:", "(chunked)",
		"chunked\t\x0b", "{chunked}", "chunked%00", "\\chunked", "chu\u0138ed", "chun\u212aed", "chunked\\", "ｃhunked",
	}
	names := []string{
		"Transfer-Encoding :", "Transfer-Encoding\t:", " Transfer-Encoding:", "\tTransfer-Encoding:", "Transfer-Encoding\x00:", "Transfer\x00-Encoding:",
		"Transfer-Encoding\x0b:", "\x0bTransfer-Encoding:", "Transfer-Encoding\u00a0:", "Transfer Encoding:", "Transfer-Encoding\x85:", "X: y\rTransfer-Encoding:",
		"X: y\nTransfer-Encoding:", "X: y\r\n\tTransfer-Encoding:", "X: y\r\r\nTransfer-Encoding:", "Transfer-Encoding\r\n :", "Transfer-Encoding\n:", ":Transfer-Encoding:",
		"Transfer-Encoding", "\"Transfer-Encoding\":", "Transfer-Encoding;:", "Transfer(Encoding):", "\ufeffTransfer-Encoding:", "Transfer-Encoding:\r\n", "Transfer-Encoding:\n ",
		"Transfer-Encoding:\r\n\r\n chunked\r\nX:",
	}
	both := map[string]string{
		"length first":                  "Content-Length: 15\r\nTransfer-Encoding: chunked\r\n",
		"coding first":                  "Transfer-Encoding: chunked\r\nContent-Length: 15\r\n",
		"length 0 first":                "Content-Length: 0\r\nTransfer-Encoding: chunked\r\n",
		"coding first, length 0":        "Transfer-Encoding: chunked\r\nContent-Length: 0\r\n",
		"coding in another case":        "Content-Length: 15\r\ntRANSFER-ENCODING: chunked\r\n",
		"length in another case":        "cONTENT-lENGTH: 15\r\nTransfer-Encoding: chunked\r\n",
		"coding without a space":        "Content-Length: 15\r\nTransfer-Encoding:chunked\r\n",
		"coding twice":                  "Content-Length: 15\r\nTransfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n",
		"coding nominated":              "Connection: Transfer-Encoding\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n",
		"length nominated":              "Connection: Content-Length\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n",
		"a hundred fields between them": "Content-Length: 15\r\n" + repeat("X: y\r\n", 90) + "Transfer-Encoding: chunked\r\n",
	}
	all := each("Transfer-Encoding alone", refused, values, func(v string) string { return post("Transfer-Encoding: "+v+"\r\n", body) })
	for i := range all {
		if slices.Contains([]string{"identity", "gzip", "deflate", "compress", "br", "trailers", "x", "cow", "xchunked", "chunkedx", "chunke", "gzip, chunked", "cow, chunked"}, values[i]) {
			all[i].want = declined // 501 is right too
		}
		if len(values[i]) == len("chunked") && strings.EqualFold(values[i], "chunked") {
			all[i].want = passed // the names of codings have no case (RFC 9112 section 7), but the sign for kelvin is no K
		}
	}
	all = append(all, each("Transfer-Encoding after a length", refused, values, func(v string) string {
		return post("Content-Length: 15\r\nTransfer-Encoding: "+v+"\r\n", body)
	})...)
	all = append(all, each("Transfer-Encoding after a good one", refused, values, func(v string) string {
		return post("Transfer-Encoding: chunked\r\nTransfer-Encoding: "+v+"\r\n", body)
	})...)
	all = append(all, each("Transfer-Encoding's name after a length", refused, names, func(n string) string {
		return post("Content-Length: 15\r\n"+n+" chunked\r\n", body)
	})...)
	all = append(all, named("Content-Length and Transfer-Encoding, ", refused, both, func(fields string) string { return post(fields, body) })...)
	return append(
		all,
		raw{"chunked", post("Transfer-Encoding: chunked\r\n", body), passed},
		raw{"chunked without a space", post("Transfer-Encoding:chunked\r\n", body), passed},
		raw{"chunked between white space", post("Transfer-Encoding: \t chunked \t\r\n", body), passed},
		raw{"chunked in a GET", "GET @ HTTP/1.1\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n" + body, passed},
		raw{"chunked in HTTP/1.0", "POST @ HTTP/1.0\r\nHost: a.test\r\nTransfer-Encoding: chunked\r\n\r\n" + body, refused},
		raw{"chunked in HTTP/1.0 that keeps alive", "POST @ HTTP/1.0\r\nHost: a.test\r\nConnection: keep-alive\r\nTransfer-Encoding: chunked\r\n\r\n" + body, refused},
		raw{"chunked and a length in HTTP/1.0", "POST @ HTTP/1.0\r\nHost: a.test\r\nContent-Length: 15\r\nTransfer-Encoding: chunked\r\n\r\n" + body, refused},
		raw{"an underscore in Transfer_Encoding beside a length", post("Content-Length: 5\r\nTransfer_Encoding: chunked\r\n", "hello"), passed},
		raw{"TE without a coding", get("TE: chunked\r\n"), either},
		raw{"TE trailers", get("Connection: TE\r\nTE: trailers\r\n"), passed},
	)
}
