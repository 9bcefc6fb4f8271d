package forward_test

import (
	"testing"

	"tallygate/gateway/internal/forward"
)

// stripped is an upstream at /files, which does not see that part of the path. A TLS proxy is in front of the gateway.
func stripped() *forward.Linking {
	return &forward.Linking{
		Links: forward.Links{Names: []string{"files:9000", "[::1]:9000", "plain:80"}}, Prefix: "/files",
		Proto: "https", Host: "api.example", HostSent: "api.example",
	}
}

func based(prefix string) *forward.Linking {
	l := stripped()
	l.Base, l.Prefix = "/base", prefix
	return l
}

func differ(t *testing.T, what string, change func(string) string, rows map[string]string) {
	t.Helper()
	for value, want := range rows {
		if want == "" {
			want = value
		}
		if got := change(value); got != want {
			t.Errorf("%s: of %q the client gets %q, want %q", what, value, got, want)
		}
	}
}

// An empty text in these tables means that the value stays as it is.
func TestLinksOfTheUpstreamsOwnOriginComeBackRight(t *testing.T) {
	t.Parallel()
	differ(t, "a path", stripped().Link, map[string]string{
		"/": "/files/", "/x": "/files/x", "/x/?a=/b#/c": "/files/x/?a=/b#/c", "/?q": "/files/?q", "/#f": "/files/#f", "/filesystem": "/files/filesystem",
		"/%66iles/x": "/files/%66iles/x", "/gr\xc3\xbcn": "/files/gr\xc3\xbcn", "/a/../../x": "/files/x", "/../x": "/files/x", "/./": "/files/", "/a/..": "/files/", "/.well-known": "/files/.well-known",
		"/files": "", "/files/": "", "/files/x?y": "", "/files?q": "", "/files#f": "",
		"x": "", "../x": "", "./x": "", "?q": "", "#f": "", "": "", "x/y:z": "", "files/x": "",
	})
	differ(t, "the upstream's name", stripped().Link, map[string]string{
		"http://files:9000/x": "https://api.example/files/x", "HTTP://FILES:9000/X?y": "https://api.example/files/X?y", "http://files:9000": "https://api.example/files/",
		"http://files:9000?q": "https://api.example/files/?q", "http://files:9000#f": "https://api.example/files/#f", "http://[::1]:9000/x": "https://api.example/files/x",
		"http://plain/x": "https://api.example/files/x", "http://plain:80/x": "https://api.example/files/x", "//files:9000/x": "//api.example/files/x", "http://files:9000/files/x": "https://api.example/files/x",
	})
	differ(t, "the host that the upstream got", stripped().Link, map[string]string{
		"http://api.example/x": "https://api.example/files/x", "https://api.example/x": "https://api.example/files/x", "http://API.example:80/x": "https://api.example/files/x",
		"http://api.example:9000/x": "https://api.example/files/x", "https://api.example:443/x": "https://api.example/files/x", "//api.example/x": "//api.example/files/x", "https://api.example/files/x": "",
	})
	differ(t, "another origin", stripped().Link, map[string]string{
		"http://files/x": "", "http://files:9001/x": "", "https://files:9000/x": "", "https://api.example:8443/x": "", "http://api.example:9001/x": "", "https://api.example:9000/x": "", "http://evil.example:9000/x": "", "http://:9000/x": "", "http://:80/x": "", "http://api.example:443/x": "", "https://evil.example/x": "", "//evil.example/x": "", "/\\evil.example/x": "",
		"http://api.example.evil/x": "", "http://user@files:9000/x": "", "http://files:9000@evil.example/x": "", "http:///x": "", "http:/x": "", "http:x": "", "https:": "", "http://": "", "//": "",
		"http://files:9000\\@evil.example/": "", "ftp://files:9000/x": "", "mailto:a@files:9000": "", "javascript:/x": "", "urn:x:/y": "", "http://files:9000//evil.example": "",
	})
}

func TestTheSchemeOfALinkIsTheClients(t *testing.T) {
	t.Parallel()
	plain := stripped()
	plain.Proto, plain.Host, plain.HostSent = "http", "api.example:8000", "api.example:8000"
	differ(t, "a client by http", plain.Link, map[string]string{
		"http://api.example:8000/x": "http://api.example:8000/files/x", "http://api.example:81/x": "", "http://api.example/x": "http://api.example:8000/files/x", "http://files:9000/x": "http://api.example:8000/files/x",
	})
	plain.Host, plain.HostSent = "api.example", "api.example"
	differ(t, "an upstream that sends clients to https", plain.Link, map[string]string{"https://api.example/x": "https://api.example/files/x"})
	secure := stripped()
	secure.Links.TLS, secure.Links.Names, secure.Proto = true, []string{"files:443"}, "http"
	differ(t, "an upstream by https", secure.Link, map[string]string{
		"https://files/x": "http://api.example/files/x", "https://files:443/x": "http://api.example/files/x", "https://api.example/x": "http://api.example/files/x", "http://api.example/x": "http://api.example/files/x", "http://files/x": "",
	})
	outer := stripped()
	outer.Host, outer.Prefix = "outer.example", "/outer/files"
	differ(t, "a trusted proxy in front", outer.Link, map[string]string{
		"/x": "/outer/files/x", "http://api.example/x": "https://outer.example/outer/files/x", "/outer/files/x": "", "https://outer.example/x": "https://outer.example/outer/files/x", "http://outer.example:9000/x": "https://outer.example/outer/files/x", "/outer/filesystem": "/outer/files/outer/filesystem",
	})
	old := stripped()
	old.Host, old.HostSent = "", ""
	differ(t, "a client without a host", old.Link, map[string]string{"http://files:9000/x": "/files/x", "/x": "/files/x"})
}

func TestABasePathIsTakenOffLinks(t *testing.T) {
	t.Parallel()
	differ(t, "with a prefix", based("/files").Link, map[string]string{
		"/base": "/files", "/base/": "/files/", "/base/x": "/files/x", "/base?q": "/files?q", "/files/x": "", "http://files:9000/base/x": "https://api.example/files/x",
		"/other": "", "/basement": "", "/": "", "http://files:9000/other": "", "/base/../other": "",
	})
	differ(t, "without a prefix", based("").Link, map[string]string{
		"/base": "/", "/base/": "/", "/base/x": "/x", "/base?q": "/?q", "/other": "", "/base//evil.example/x": "", "/base/\\evil.example": "", "http://files:9000/base//evil.example/x": "",
	})
}

func TestARefreshIsALink(t *testing.T) {
	t.Parallel()
	differ(t, "Refresh", stripped().Refresh, map[string]string{
		"5; url=/x": "5; url=/files/x", "0;URL=/x": "0;URL=/files/x", "0; Url = '/x'": "0; Url = '/files/x'", `0; url="/x?a" z`: `0; url="/files/x?a" z`, "0;url=http://files:9000/x": "0;url=https://api.example/files/x",
		"0,url='/x": "0,url='/files/x", "5": "", "": "", "0; url=": "", "0; url": "", "0; url=x": "", "0; url=https://evil.example/": "", "0; ur": "", "5; \xc4\xb0 url=/x": "5; \xc4\xb0 url=/files/x",
	})
}

func TestCookiesGetThePathOfTheClient(t *testing.T) {
	t.Parallel()
	differ(t, "with a prefix", stripped().Cookie, map[string]string{
		"a=b; Path=/": "a=b; Path=/files", "a=b; Path=/x": "a=b; Path=/files/x", "a=b; Path=/x/": "a=b; Path=/files/x/", "a=b;path=/;HttpOnly": "a=b;path=/files;HttpOnly", "a=b ;\tPATH =\t/x ; Secure": "a=b ;\tPATH =\t/files/x ; Secure",
		"a=b; Path=\"/x\"": "a=b; Path=\"/files/x\"", "a=b; Path=/; Path=/x": "a=b; Path=/files; Path=/files/x", "Path=/; Path=/": "Path=/; Path=/files", "a=b; Path=/filesystem": "a=b; Path=/files/filesystem", "a=b; Path=/x=y": "a=b; Path=/files/x=y",
		"a=b; Path=/files": "", "a=b; Path=/files/": "", "a=b; Path=/files/x": "", "a=b": "", "a=b;": "", "": "", ";": "", "a=b; Path": "", "a=b; Path=": "", "a=b; Path=x": "", "a=b; Path= ": "", "a=/; Domain=/; Pathname=/": "", "a=b; Path=\"": "",
		"__Host-a=b; Secure; Path=/": "", "__hOST-a=b; Path=/": "", "__Secure-a=b; Path=/": "__Secure-a=b; Path=/files", "__Host=b; Path=/": "__Host=b; Path=/files",
	})
	differ(t, "with a prefix and a base", based("/files").Cookie, map[string]string{
		"a=b; Path=/": "a=b; Path=/files", "a=b; Path=/base": "a=b; Path=/files", "a=b; Path=/base/": "a=b; Path=/files", "a=b; Path=/base/x": "a=b; Path=/files/x", "a=b; Path=/files/x": "", "a=b; Path=/ba": "", "a=b; Path=/other": "",
	})
	differ(t, "with a base", based("").Cookie, map[string]string{
		"a=b; Path=/": "a=b; Path=/", "a=b; Path=/base": "a=b; Path=/", "a=b; Path=/base/x": "a=b; Path=/x", "a=b; Path=/other": "",
	})
}

// FuzzLinks: whatever an upstream sends can be written.
func FuzzLinks(f *testing.F) {
	f.Add("http://files:9000/x?y#z", "/files", "/base")
	f.Add("a=b; Path=/x; Secure", "", "")
	f.Fuzz(func(_ *testing.T, value, prefix, base string) {
		l := based(prefix)
		l.Base = base
		_, _, _ = l.Link(value), l.Refresh(value), l.Cookie(value)
	})
}
