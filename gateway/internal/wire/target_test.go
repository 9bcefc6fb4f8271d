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
		"/%252f", "/%252e%252e", "/%255c", "/%2500", "/%25252f", "/a|b", "/a{b}", "/a\"b", "/a<b>", "/a^b", "/a`b", "/a[b]",
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
	} {
		if got, err := wire.CleanPath([]byte(p)); err != nil || string(got) != want {
			t.Errorf("%s: got %s, %v, want %s", p, got, err, want)
		}
	}
}

// Whatever a server makes of a clean path, decoded or normalised, leads to where it was routed.
func FuzzCleanPath(f *testing.F) {
	for _, seed := range []string{"/a/b", "/%72oot", "/a%20b/%c3%a4", "/%2e%2e/", "/%25%32%66"} {
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
