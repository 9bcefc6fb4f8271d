package gateway_test

// chunked: RFC 9112 section 7.1.
func chunked() []raw {
	text := func(body string) string { return post("Transfer-Encoding: chunked\r\n", body) }
	const end = "0\r\n\r\n"
	bad := []string{
		"5\nhello\r\n" + end, "5\r\nhello\n" + end, "5\r\nhello\r\n0\n\r\n", "5\r\nhello\r\n0\r\n\n", "5\rhello\r\n" + end, "5\r\nhello\r" + end, "5\n\nhello\r\n" + end,
		"5\r\r\nhello\r\n" + end, "0x5\r\nhello\r\n" + end, "0X5\r\nhello\r\n" + end, "+5\r\nhello\r\n" + end, "-5\r\nhello\r\n" + end, "5h\r\nhello\r\n" + end, "g\r\nhello\r\n" + end,
		"\r\nhello\r\n" + end, "\r\n5\r\nhello\r\n" + end, "5_0\r\nhello\r\n" + end, "5,5\r\nhello\r\n" + end, "5.0\r\nhello\r\n" + end, "\"5\"\r\nhello\r\n" + end, "５\r\nhello\r\n" + end,
		" 5\r\nhello\r\n" + end, "\t5\r\nhello\r\n" + end, "5\x00\r\nhello\r\n" + end, "\x005\r\nhello\r\n" + end, "5\x0b\r\nhello\r\n" + end, "5 5\r\nhello\r\n" + end,
		"ffffffffffffffff\r\nhello\r\n" + end, "fffffffffffffffff\r\nhello\r\n" + end, "10000000000000005\r\nhello\r\n" + end, "8000000000000005\r\nhello\r\n" + end,
		"100000000000000000000000000000005\r\nhello\r\n" + end, "5;a=\x00\r\nhello\r\n" + end, "5;a=b\nhello\r\n" + end, "5;a=\"b\nc\"\r\nhello\r\n" + end, "5;a=b\rc\r\nhello\r\n" + end,
		"5;\x01\r\nhello\r\n" + end, "5;a\x7f=b\r\nhello\r\n" + end, "5;" + repeat("a", 70000) + "\r\nhello\r\n" + end, repeat("1;"+repeat("a", 200)+"\r\na\r\n", 500) + end,
		"5\r\nhelloX\r\n" + end, "5\r\nhello" + end, "5\r\nhell\r\n" + end, "4\r\nhello\r\n" + end, "6\r\nhello\r\n" + end, "5\r\nhello\r\n\r\n" + end,
		"5\r\nhello\r\n0\r\nX-Trailer y\r\n\r\n", "5\r\nhello\r\n0\r\n: y\r\n\r\n", "5\r\nhello\r\n0\r\nX : y\r\n\r\n", "5\r\nhello\r\n0\r\nX: y\n\r\n", "5\r\nhello\r\n0\r\nX: y\r\n folded\r\n\r\n",
		"5\r\nhello\r\n0\r\n X: y\r\n\r\n", "5\r\nhello\r\n0\r\nX: \x00\r\n\r\n", "5\r\nhello\r\n0\r\nX\x00: y\r\n\r\n", "5\r\nhello\r\n0\r\nX: a\rb\r\n\r\n", "5\r\nhello\r\n0 \r\n\r\n",
		"5\r\nhello\r\n0\r\n" + repeat("X: "+repeat("y", 1000)+"\r\n", 200) + "\r\n", "5\r\nhello\r\n-0\r\n\r\n", "5\r\nhello\r\n0x0\r\n\r\n", "5\r\nhello\r\n+0\r\n\r\n",
		"5 \r\nhello\r\n" + end, "5\t\r\nhello\r\n" + end, "5 5;a\r\nhello\r\n" + end, " ;a\r\nhello\r\n" + end, "5" + repeat(" ", 70000) + ";a\r\nhello\r\n" + end,
		"5\x0b;a\r\nhello\r\n" + end, "5 a\r\nhello\r\n" + end, "0000000000000000000000000000000000000000000000005\r\nhello\r\n" + end,
	}
	good := []string{
		"5\r\nhello\r\n" + end, "05\r\nhello\r\n" + end, "A\r\nhellohello\r\n" + end, "a\r\nhellohello\r\n" + end, end, "000\r\n\r\n", "1\r\nh\r\n4\r\nello\r\n" + end,
		"5 ;a\r\nhello\r\n" + end, "5 \t ; a = b ; c\r\nhello\r\n0 ;e\r\n\r\n", "5;a\r\nhello\r\n" + end, "5;a=b\r\nhello\r\n" + end, "5;a=\"b c\"\r\nhello\r\n" + end, "5;a=b;c=d\r\nhello\r\n0;e\r\n\r\n", "5\r\nhello\r\n0\r\nX-Trailer: y\r\n\r\n",
		"5\r\nhello\r\n0\r\nX-Trailer:\r\nY: z\r\n\r\n", "2\r\n\r\n\r\n" + end, "5\r\n0\r\n\r\n\r\n" + end, "5\r\nhello\r\n0\r\nContent-Length: 5\r\n\r\n", "5\r\nhello\r\n0\r\nX-User-Id: 1\r\n\r\n",
		"5\r\nhello\r\n0\r\nAuthorization: a\r\nHost: b.test\r\nTransfer-Encoding: chunked\r\n\r\n",
	}
	all := each("chunked body", refused, bad, text)
	for _, tolerable := range []string{" 5\r\n", "5 \r\n", "5\t\r\n", "5\r\nhello\r\n0 \r\n", "0000000000000000"} {
		for i := range all {
			if body := bad[i]; len(body) > len(tolerable) && body[:len(tolerable)] == tolerable {
				all[i].want = either // some parsers trim it, and mean the same
			}
		}
	}
	all = append(all, each("good chunked body", passed, good, text)...)
	all = append(all, each("good chunked body after which comes another request", passedTwo, good, func(body string) string {
		return text(body) + get("")
	})...)
	return append(
		all,
		raw{"a chunked body that stops in a chunk", text("5\r\nhel"), cutOff},
		raw{"a chunked body that stops in a size", text("5\r\nhello\r\n1"), cutOff},
		raw{"a chunked body that stops before its last chunk", text("5\r\nhello\r\n"), cutOff},
		raw{"a chunked body that stops in its trailer", text("5\r\nhello\r\n0\r\nX: y"), cutOff},
		raw{"a chunked body that stops before its last line", text("5\r\nhello\r\n0\r\n"), cutOff},
		raw{"a chunked body that promises 4 GiB", text("100000000\r\nhello"), cutOff},
	)
}
