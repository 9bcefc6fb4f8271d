package route_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

func TestWhichOriginsAreAllowed(t *testing.T) {
	t.Parallel()
	for allowed, rows := range map[string]string{
		"*":                                "+https://a.example +http://localhost:3000 +null -",
		"https://a.example":                "+https://a.example -http://a.example -https://a.example:8443 -https://b.a.example -https://a.example.evil -https://A.example -null -",
		"https://a.example:8443":           "+https://a.example:8443 -https://a.example -https://a.example:84430",
		"https://*.preview.example.test":   "+https://pr-1.preview.example.test +https://x_y.preview.example.test -https://preview.example.test -https://.preview.example.test -https://a.b.preview.example.test -https://evilpreview.example.test -https://a.preview.example.test.evil -https://a.preview.example.test:8443 -http://a.preview.example.test -https://evil.test/.preview.example.test -https://evil.test?.preview.example.test -https://u@a.preview.example.test -https://[::1].preview.example.test",
		"http://*.localhost:3000":          "+http://app.localhost:3000 -http://app.localhost:3001 -http://app.localhost -http://localhost:3000",
		"http://localhost:*":               "+http://localhost:3000 +http://localhost +http://localhost:1 -https://localhost:3000 -http://localhost: -http://localhost:x -http://localhost:30x -http://localhost.evil -http://localhost.evil:80 -http://localhost:3000.evil -http://localhostevil -http://127.0.0.1:3000",
		"http://[::1]:*":                   "+http://[::1]:3000 +http://[::1] -http://[::2]:3000",
		"https://*.a.example:*":            "+https://x.a.example +https://x.a.example:8443 -https://a.example:8443 -https://x.y.a.example",
		"chrome-extension://abcdef":        "+chrome-extension://abcdef -chrome-extension://abc",
		"https://a.example https://b.test": "+https://a.example +https://b.test -https://c.test",
	} {
		cors := &route.CORS{Origins: strings.Fields(allowed)}
		for row := range strings.SplitSeq(rows, " ") {
			if got := cors.Allows([]byte(row[1:])); got != (row[0] == '+') {
				t.Errorf("%s: %q is allowed: %v", allowed, row[1:], got)
			}
		}
	}
	if (*route.CORS)(nil).Allows([]byte("https://a.example")) || (*route.CORS)(nil).Everybody() {
		t.Error("without a list somebody is allowed")
	}
}

func TestTheFormOfOrigins(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"*", "https://a", "https://a.example", "http://a.example:1", "https://*.a.example", "http://localhost:*", "https://*.a:*", "http://[::1]:8080", "http://[::1]:*", "chrome-extension://abc"} {
		if !route.OriginForm.MatchString(good) {
			t.Errorf("%s is refused", good)
		}
	}
	for _, bad := range []string{
		"", "a.example", "https://", "https://A.example", "https://a.example/", "https://a.example/x", "https://*", "https://*:*", "https://a.*.example", "https://*a.example", "https://a*.example", "https://*.*.example",
		"https://**.example", "*://a.example", "https://a:0", "https://a:*1", "https://*.[::1]", "null", "https://a,https://b", "https://a b", "https://u@a", "https://a?b", "**", "*.example",
	} {
		if route.OriginForm.MatchString(bad) {
			t.Errorf("%q is taken", bad)
		}
	}
	for origin, want := range map[string]string{
		"https://a:443": "https://a", "http://a:80": "http://a", "http://a:443": "http://a:443", "https://a:80": "https://a:80", "https://a:*": "https://a:*", "http://[::1]:80": "http://[::1]", "*": "*", "http://a:8080": "http://a:8080",
	} {
		if got := route.NormalOrigin(origin); got != want {
			t.Errorf("%s: got %s, want %s", origin, got, want)
		}
	}
}
