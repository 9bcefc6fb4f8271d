package gateway_test

import (
	"fmt"
	"strings"
)

// targets: RFC 9112 section 3.2 and RFC 3986. A proxy could route such a path in one form while the upstream serves another.
func targets() []raw {
	target := func(v string) string { return "GET " + v + " HTTP/1.1" + host }
	all := targetBytes(target)
	ambiguous := []string{
		"@/..", "@/../x", "@/../../etc/passwd", "@/.", "@/./x", "@/x/..", "@/x/.", "@/x/../y", "@//x", "@//", "/@", "@/x//y", "@/%2e%2e/x", "@/%2E%2E/x", "@/.%2e/x", "@/%2e./x", "@/%2e/x",
		"@/%2e%2e", "@/%2fx", "@/x%2Fy", "@%2f..%2fx", "@/..%2fx", "@/%2e%2e%2fx", "@/%5c", "@/%5C..%5Cx", "@/..%5cx", "@/..\\x", "@\\..\\x", "@/%00", "@/x%00.txt", "@/%00/../x", "@/..;/x",
		"@/..;a=b/x", "@/.;/x", "@;/../x", "@/;/x", "@/x;y=z", "@/%3b/x", "@/..%3b/x", "@/%252e%252e/x", "@/%252fx", "@/%255cx", "@/%25%32%66x", "@/%%32%66x", "@/%2", "@/%", "@/%zz", "@/%2x", "@/%x2",
		"@/% 2f", "@/%u002f", "@/%u2215x", "@/%c0%af", "@/%c0%ae%c0%ae/x", "@/%c1%9c", "@/%e0%80%af", "@/%f0%80%80%af", "@/%c0", "@/%ff", "@/%80", "@/%c3", "@/%ed%a0%80", "@/%f4%90%80%80", "@/%f8%88%80%80%80",
		"@/%0d%0aX:%20y", "@/%0a", "@/%0d", "@/%09", "@/%7f", "@/x%2f%2fy", "@/%2e%2e%2e/../x", "@/x/%2e%2e/%2e%2e/&", "@/..%00/x", "@/..%0d/x", "@/..%20/x/..",
		"@/x%23y/../z", "./@", "../@", "@/..?x", "@/.?x", "@//?x", "@/\xc0\xae\xc0\xae/x", "@/\xe0\x80\xaf", "@/\xed\xa0\x80", "@/\xff", "@/\xc3/\xa4", "@/\xc3%2f", "@/[]/..", "@/\u00fc/../x", "@/{}%2fx", "@/|;x",
	}
	all = append(all, each("path", refused, ambiguous, target)...)
	tolerable := []string{"@/..%20/x", "@/.../x", "@/..x", "@/x..", "@/%20", "@/..%ef%bc%8fx", "@/%ef%bc%8e%ef%bc%8e/x", "@/%e2%88%95", "@/%25", "@/100%25", "@/x%3fy", "@/x%23y", "@/%2a", "@/~x/%7ex", "@/%40/:x"}
	all = append(all, each("path", either, tolerable, target)...)
	plain := []string{
		"@", "@/", "@/x", "@/x/", "@/a-b_c.d~e", "@/x?", "@/x?a=b&&c", "@/x?a=../..//%2f%00;#"[:len("@/x?a=../..//%2f%00;")], "@?x", "@/%e4%bd%a0%e5%a5%bd", "@/x!$&'()*+,=:y", "@/%41%2d%7e", "@/.hidden/x", "@/x.y",
		"@/x?" + repeat("q", 4000), "@?a?b?c", "@?//..//", "@/x%20y", "@/x[1]|y^z", "@/\u00fc/\u20ac?\u00fc", "@/\xc3%bc", "@?x[]=1|2&y={}", "@?\xff",
	}
	for i := range plain {
		plain[i] = strings.ReplaceAll(plain[i], "&", "%26") // & stands for a path in the corpus
	}
	all = append(all, each("path", passed, plain, target)...)
	foreign := []string{
		"http://b.test@", "http://a.test:81@", "http://a.test.b.test@", "http://b.test/../a.test@", "https://b.test@", "http://", "http://@", "http:///x@", "http:@", "http:/a.test@", "http//a.test@", "://a.test@",
		"ftp://a.test@", "file:///etc/passwd", "gopher://a.test@", "javascript:alert(1)", "http://a.test\\b.test@", "http://a.test#b.test@", "http://a.test b.test@", "http://user@a.test@", "http://u:p%40a.test@",
		"http://a.test%00@", "http://a.test\x00@", "http://[::1@", "http://a.test:x@", "http://a.test:99999999@", "http://a.test@/..", "http://a.test/@", "http://a.test@//x", "http://a.test@/%2f", "HTTP://b.test@", "//a.test@", "///@",
		"a.test@", "a.test:80@", "?@", "%2f@", "\\@", "", "-", "*@", "**",
	}
	for _, v := range foreign {
		// @ is the path's placeholder. Where it separates user and host, it is written as \x40.
		text := strings.NewReplacer("user@a", "user\x40a", "http://u:p%40a", "http://u:p\x40a").Replace(v)
		all = append(all, raw{fmt.Sprintf("target %q", v), target(text), refused})
	}
	return append(
		all,
		raw{"absolute-form of the same host", target("http://a.test@"), passed},
		raw{"absolute-form in capitals", target("HTTP://A.TEST@"), either},
		raw{"absolute-form with the scheme's port", target("http://a.test:80@"), passed},
		raw{"absolute-form with an empty port", target("http://a.test:@"), passed},
		raw{"absolute-form with a last dot", target("http://a.test.@"), passed},
		raw{"absolute-form with another scheme's port", target("http://a.test:443@"), refused},
		raw{"absolute-form of a longer port", target("http://a.test:8080@"), refused},
		raw{"absolute-form without the port that Host has", "GET http://a.test@ HTTP/1.1\r\nHost: A.TEST.:80\r\n\r\n", passed},
		raw{"absolute-form by https without the port that Host has", "GET https://a.test@ HTTP/1.1\r\nHost: a.test:443\r\n\r\n", passed},
		raw{"absolute-form without another port that Host has", "GET http://a.test@ HTTP/1.1\r\nHost: a.test:8080\r\n\r\n", refused},
		raw{"absolute-form by https", target("https://a.test@"), either},
		raw{"absolute-form in HTTP/1.0 without Host", "GET http://a.test@ HTTP/1.0\r\n\r\n", either},
		raw{"absolute-form without Host", "GET http://a.test@ HTTP/1.1\r\n\r\n", refused},
		raw{"absolute-form with a bad Host", "GET http://a.test@ HTTP/1.1\r\nHost: a b\r\n\r\n", refused},
		raw{"absolute-form with two Host", "GET http://a.test@ HTTP/1.1\r\nHost: a.test\r\nHost: b.test\r\n\r\n", refused},
	)
}

// targetBytes are all bytes that are not ordinary in a path or a query.
func targetBytes(target func(string) string) []raw {
	var all []raw
	for c := range 0x100 {
		b := string([]byte{byte(c)})
		control := c < ' ' || c == 0x7f || c >= 0x80 && c%16 == 0
		if control || c == '#' || c == ' ' {
			inQuery := refused
			if c >= 0x80 {
				inQuery = passed // escaped
			}
			all = append(all,
				raw{fmt.Sprintf("byte %#x in the path", c), target("@/a" + b + "b"), refused},
				raw{fmt.Sprintf("byte %#x in the query", c), target("@?a" + b + "b"), inQuery})
		}
		if strings.Contains("\"<>[\\]^`{|}", b) {
			inPath := passed // escaped
			if b == "\\" {
				inPath = refused
			}
			all = append(all,
				raw{fmt.Sprintf("byte %#x in the path", c), target("@/a" + b + "b"), inPath},
				raw{fmt.Sprintf("byte %#x in the query", c), target("@?a" + b + "b"), passed})
		}
		if c < ' ' || c == 0x7f {
			all = append(all, raw{fmt.Sprintf("escaped byte %#x in the path", c), target(fmt.Sprintf("@/a%%%02xb", c)), refused})
		}
	}
	return all
}
