package gateway_test

// hosts: RFC 9112 section 3.2: one Host, and a valid one.
func hosts() []raw {
	bad := []string{
		"", " ", "a b", "a.test b.test", "a.test, b.test", "a.test,b.test", "a.test/x", "a.test/", "/", "a.test?x", "a.test#x", "user\x40a.test", "\x40a.test", "a.test:x", "a.test:-1", "a.test:80:80", "a.test:+80", "a.test:0x50",
		"a.test:999999999", "a.test: 80", "a.test :80", ":80", ":", "[", "[]", "[::1", "::1]", "[::1]x", "[::1]:x", "[g::1]", "[::1%25]x", "a\x00.test", "a.test\x00", "a.test\x0b", "a\x7f.test", "a\\b", "a<b>", `"a.test"`, "a{b}",
		"a|b", "a^b", "a`b", "\xff\xfe", "a.test\t b", "http://a.test", "a.test:80/x", "a..test/..", "b\u00fccher.test", "a.test;b", "a%00.test", "a.test:８０", "a%0d%0a.test", "a%7f", "a%", "a%2", "a%zz.test", "%", "[::1].test", "[a.test]", "a[::1]",
	}
	all := each("Host", refused, bad, func(v string) string { return "GET @ HTTP/1.1\r\nHost: " + v + "\r\n\r\n" })
	for i := range all {
		if bad[i] == "a.test;b" {
			all[i].want = passed // sub-delims are in the grammar of reg-name
		}
	}
	good := []string{"a.test", "A.Test", "a.test:80", "a.test:8080", "127.0.0.1", "127.0.0.1:8000", "[::1]", "[::1]:8000", "localhost", "a-b.test", "xn--bcher-kva.test", "a_b.test", "a.test.", "a.test:", "a!$'()*+;=b", "a%20b.test", "%C3%BC.test", "_dmarc.a.test", "a~b", "1.2.3", "[2001:db8::1]:", "[::ffff:192.0.2.1]:80"}
	all = append(all, each("Host", passed, good, func(v string) string { return "GET @ HTTP/1.1\r\nHost: " + v + "\r\n\r\n" })...)
	return append(
		all,
		raw{"no Host", "GET @ HTTP/1.1\r\n\r\n", refused},
		raw{"no Host, but X-Forwarded-Host", "GET @ HTTP/1.1\r\nX-Forwarded-Host: a.test\r\n\r\n", refused},
		raw{"Host twice the same", "GET @ HTTP/1.1\r\nHost: a.test\r\nHost: a.test\r\n\r\n", refused},
		raw{"Host twice", "GET @ HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", refused},
		raw{"Host twice in different cases", "GET @ HTTP/1.1\r\nHost: a.test\r\nhost: b.test\r\n\r\n", refused},
		raw{"Host twice, the first empty", "GET @ HTTP/1.1\r\nHost:\r\nHost: b.test\r\n\r\n", refused},
		raw{"Host twice, one with a space before the colon", "GET @ HTTP/1.1\r\nHost: a.test\r\nHost : b.test\r\n\r\n", refused},
		raw{"Host twice, far apart", "GET @ HTTP/1.1\r\nHost: a.test\r\n" + repeat("X: y\r\n", 50) + "Host: b.test\r\n\r\n", refused},
		raw{"Host folded to two", "GET @ HTTP/1.1\r\nHost: a.test\r\n b.test\r\n\r\n", refused},
		raw{"Host last", "GET @ HTTP/1.1\r\nX: y\r\nHost: a.test\r\n\r\n", passed},
		raw{"Host without a space", "GET @ HTTP/1.1\r\nHost:a.test\r\n\r\n", passed},
		raw{"Host of 300 bytes", "GET @ HTTP/1.1\r\nHost: " + repeat("a", 300) + "\r\n\r\n", either},
		raw{"Host of 10,000 bytes", "GET @ HTTP/1.1\r\nHost: " + repeat("a", 10000) + "\r\n\r\n", either},
	)
}

// bounds: the number and size of fields are bounded; usual requests fit.
func bounds() []raw {
	return []raw{
		{"50 fields", get(repeat("X-Field: some value\r\n", 50)), passed},
		{"a field of 4 KiB", get("X: " + repeat("y", 4<<10) + "\r\n"), passed},
		{"a token of 8 KiB", get("Authorization: " + repeat("y", 8<<10) + "\r\n"), either},
		{"a target of 7,000 bytes", "GET @?" + repeat("y", 7000) + " HTTP/1.1" + host, passed},
		{"a name of 200 bytes", get(repeat("n", 200) + ": y\r\n"), passed},
		{"10,000 fields", get(repeat("X: y\r\n", 10000)), declined},
		{"100,000 empty fields", get(repeat("X:\r\n", 100000)), declined},
		{"a field of 1 MiB", get("X: " + repeat("y", 1<<20) + "\r\n"), declined},
		{"a name of 1 MiB", get(repeat("n", 1<<20) + ": y\r\n"), declined},
		{"a target of 1 MiB", "GET @?" + repeat("y", 1<<20) + " HTTP/1.1" + host, declined},
		{"a path of 1 MiB", "GET @/" + repeat("y", 1<<20) + " HTTP/1.1" + host, declined},
		{"a version of 1 MiB", "GET @ HTTP/1." + repeat("1", 1<<20) + host, declined},
		{"1 MiB of nothing", repeat("y", 1<<20), declined},
		{"1 MiB of NUL", repeat("\x00", 1<<20), declined},
		{"1 MiB of empty lines", repeat("\r\n", 1<<19), cutOff},
		{"1 MiB of white space in a value", get("X: " + repeat(" ", 1<<20) + "y\r\n"), declined},
	}
}
