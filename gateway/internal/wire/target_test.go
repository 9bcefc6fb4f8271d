package wire_test

import (
	"net/url"
	"path"
	"strings"
	"testing"

	"tallygate/gateway/internal/wire"
)

func TestPathsThatCouldBeReadInTwoWaysAreRefused(t *testing.T) {
	t.Parallel()
	for _, p := range []string{
		"//", "/a//b", "//a", "/a//", "/.", "/..", "/a/.", "/a/..", "/../a", "/a/../b", "/./a",
		"/%2e", "/%2E%2e/a", "/a/.%2e", "/a%2fb", "/a%2Fb", "/a%5cb", "/a\\b", "/a%00", "/a%0a", "/a%7f", "/a%1F",
		"/a;b", "/a;", "/a%3bb", "/a/..;/b", "/%", "/%2", "/%zz", "/%c0%af", "/%e0%80%af", "/%ff", "/%80", "/%c3a", "/%c3",
		"/%252f", "/%252e%252e", "/%255c", "/%2500", "/%25252f", "/a b", "/a?b", "/a#b", "/a\x00", "/a\x7f", "/\xff", "/\xc0\xaf", "/\xc3", "/\xc3/\xa4",
		"/\xc3%28", "/%c3\x28", "/\xed\xa0\x80", "/\xf4\x90\x80\x80", "/[..]/../x", "/{}//x", "/ä/..", "/ä/%2e", "/ä%2f", "/|;", "/^\\",
	} {
		if got, err := wire.CleanPath([]byte(p)); err == nil {
			t.Errorf("%s: got %s, want an error", p, got)
		}
	}
}

func TestCleanPathsAreWhatIsRoutedAndForwarded(t *testing.T) {
	t.Parallel()
	for p, want := range map[string]string{
		"/": "/", "/root": "/root", "/a/": "/a/", "/a.b/..c/d..": "/a.b/..c/d..", "/...": "/...", "/%72oot": "/root",
		"/%7Ea": "/~a", "/a%20b": "/a%20b", "/%c3%a4%C3%b6": "/%c3%a4%C3%b6", "/a%25": "/a%25", "/100%25x": "/100%25x",
		"/a:b@c!$&'()*+,=": "/a:b@c!$&'()*+,=", "/%3Aa": "/%3Aa", "/%41%42/c": "/AB/c",
		"/a[1]|{b}^c": "/a%5B1%5D%7C%7Bb%7D%5Ec", "/<\"`>": "/%3C%22%60%3E", "/ä/€/😀": "/%C3%A4/%E2%82%AC/%F0%9F%98%80",
		"/\xc3%a4": "/%C3%a4", "/%c3\xa4": "/%c3%A4", "/[%41]%5b": "/%5BA%5D%5b", "/a\ufffd": "/a%EF%BF%BD", "/[.]/{..}": "/%5B.%5D/%7B..%7D",
		"/\u0085": "/%C2%85", "/\u2215\uff0f": "/%E2%88%95%EF%BC%8F",
	} {
		given := []byte(p)
		if got, err := wire.CleanPath(given); err != nil || string(got) != want || string(given) != p {
			t.Errorf("%s: got %s, %v, want %s", p, got, err, want)
		}
	}
}

// A client that gets a 400 has to learn what to change.
func TestTheErrorNamesWhatIsWrongWithThePath(t *testing.T) {
	t.Parallel()
	for sign, paths := range map[string][]string{
		"(%2F)":               {"/a%2fb", "/a%2Fb", "/[%2f]", "/%2f;", "/%2f//"},
		"(%3B)":               {"/a%3bb", "/%3B"},
		"(;)":                 {"/a;b", "/;%2f", "/ä;"},
		"(//)":                {"//", "/a//b", "/a//", "//[", "//%41"},
		"(. or ..)":           {"/.", "/a/..", "/%2e/", "/a/.%2E/b", "/a%2f..", "/..%2fa", "/..;/", "/a;/../b", "/a//..", "/.%3b", "/%2f%2e%2f"},
		`(\)`:                 {`/a\b`, `/\..\`, `/a;\`},
		"(%5C)":               {"/a%5cb", "/%2f%5C"},
		"control character":   {"/%00", "/%0a", "/%7F", "/;%0d"},
		"escaped twice":       {"/%252f", "/%252e%252e/", "/%25%32%66", "/%255c"},
		"not UTF-8":           {"/%ff", "/\xff", "/%c0%af", "/\xc3/", "/%c3"},
		"a percent sign that": {"/%", "/100%", "/%zz", "/%2", "/%u002f"},
	} {
		for _, p := range paths {
			if _, err := wire.CleanPath([]byte(p)); err == nil || !strings.Contains(err.Error(), sign) {
				t.Errorf("%s: got %v, want %s", p, err, sign)
			}
		}
	}
}

func TestQueriesAreForwardedWithValidCharactersOnly(t *testing.T) {
	t.Parallel()
	for query, want := range map[string]string{
		"": "", "?": "?", "?a=b&c=%2f%zz;/?:@!$'()*+,": "?a=b&c=%2f%zz;/?:@!$'()*+,", "?a[1]=b|c": "?a%5B1%5D=b%7Cc",
		"?{\"a\":`<^>`}\\": "?%7B%22a%22:%60%3C%5E%3E%60%7D%5C", "?ä=€": "?%C3%A4=%E2%82%AC", "?\xe4\xff": "?%E4%FF",
	} {
		given := []byte(query)
		if got, err := wire.CleanQuery(given); err != nil || string(got) != want || string(given) != query {
			t.Errorf("%s: got %s, %v, want %s", query, got, err, want)
		}
	}
	for _, query := range []string{"?a b", "?a#b", "?\x00", "?\r\n", "?\x7f", "?\t"} {
		if got, err := wire.CleanQuery([]byte(query)); err == nil {
			t.Errorf("%q: got %s, want an error", query, got)
		}
	}
}

// Whatever a server makes of a clean path, decoded or normalised, leads to where it was routed.
func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"/a/b", "/%72oot", "/a%20b/%c3%a4", "/%2e%2e/", "/%25%32%66", "/ä[1]", "/\xc3%a4|"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, p string) {
		if !strings.HasPrefix(p, "/") {
			return
		}
		clean, err := wire.CleanPath([]byte(p))
		if err != nil {
			return
		}
		again, err := wire.CleanPath([]byte(string(clean)))
		if err != nil || string(again) != string(clean) {
			t.Fatalf("%q is clean as %q, but that as %q, %v", p, clean, again, err)
		}
		decoded, err := url.PathUnescape(string(clean))
		if err != nil {
			t.Fatalf("%q: %v", clean, err)
		}
		if strings.Count(decoded, "/") != strings.Count(string(clean), "/") || strings.ContainsAny(decoded, "\\;\x00\r\n") {
			t.Errorf("%q decodes to %q", clean, decoded)
		}
		normal := path.Clean(decoded)
		if decoded != "/" && strings.HasSuffix(decoded, "/") {
			normal += "/"
		}
		if normal != decoded {
			t.Errorf("%q decodes to %q, which is %q", clean, decoded, normal)
		}
		if twice, err := url.PathUnescape(decoded); err == nil && strings.Count(twice, "/") != strings.Count(decoded, "/") {
			t.Errorf("%q decodes twice to %q", clean, twice)
		}
	})
}
