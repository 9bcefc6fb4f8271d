package wire_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestHostsAreAsTheGrammarSays(t *testing.T) {
	t.Parallel()
	for _, host := range []string{
		"a", "A.b-C_d~e", "localhost:80", "localhost:", "a.", "a..b", "192.0.2.1:8000", "[::1]", "[::1]:", "[2001:DB8::1]:443", "[::ffff:192.0.2.1]",
		"under_score", "a!$&'()*+;=b", "%41", "b%C3%BCcher.example", "a%20b", "%25", "a%3ab:80", strings.Repeat("a", 255),
	} {
		if !wire.ValidHost([]byte(host)) {
			t.Errorf("%q is refused", host)
		}
	}
	for _, host := range []string{
		"", ":", ":80", "a b", "a,b", "a,b:80", "a/b", "a?b", "a#b", "u@a", "a:b", "a:-1", "a:1:2", "a:123456", "a:80 ", " a", "a\x00", "a\tb", "ü", "\xff", "a\\b", "a<b>", `"a"`, "a^b", "a`b", "a{b}", "a|b",
		"%", "a%", "a%4", "a%zz", "%00", "a%0d%0ab", "a%1f", "%7F", "[", "[]", "[:]x", "[::1", "::1]", "[::1]x", "[::1]80", "[g::1]", "[fe80::1%25eth0]", "[::1]]", strings.Repeat("a", 300),
	} {
		if wire.ValidHost([]byte(host)) {
			t.Errorf("%q is taken", host)
		}
	}
}

func TestTheHostOfAnAbsoluteTargetIsCompared(t *testing.T) {
	t.Parallel()
	for _, same := range [][2]string{
		{"http://localhost:80", "localhost"},
		{"http://localhost", "localhost:80"},
		{"http://localhost:", "localhost"},
		{"http://LOCALHOST:80", "localhost:80"},
		{"https://a:443", "A"},
		{"https://a", "a:443"},
		{"http://a.", "a"},
		{"http://a:80", "a."},
		{"http://[::1]:80", "[::1]"},
		{"http://[::1]", "[::1]:"},
		{"http://a:8080", "a:8080"},
	} {
		if _, _, err := parse("GET " + same[0] + "/x HTTP/1.1\r\nHost: " + same[1] + "\r\n\r\n"); err != nil {
			t.Errorf("%s and Host: %s: %v", same[0], same[1], err)
		}
	}
	for _, differ := range [][2]string{
		{"http://localhost:81", "localhost"},
		{"http://localhost:443", "localhost"},
		{"https://a:80", "a"},
		{"http://a:8080", "a"},
		{"http://a", "a:8080"},
		{"http://a:080", "a"},
		{"http://a", "b"},
		{"http://a..", "a"},
		{"http://a.b", "a"},
		{"http://[::80]", "[::"},
		{"http://a80", "a"},
		{"http://[::1]:80", "[::2]"},
	} {
		if _, _, err := parse("GET " + differ[0] + "/x HTTP/1.1\r\nHost: " + differ[1] + "\r\n\r\n"); err == nil {
			t.Errorf("%s and Host: %s are taken", differ[0], differ[1])
		}
	}
}
