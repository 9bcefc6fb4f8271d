package gateway_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// TestIdentity: only the gateway tells the upstream who calls.
func TestIdentity(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startWithUsers(t, and(route("who", "/who", []string{up.addr}, "auth: required", "forward_token: true"),
		route("own", "/own", []string{up.addr}, "auth: required", "identity_header: X-Account")))
	id, token := g.user(t, "ada")
	conn := dial(t, g.addr)
	for path, header := range map[string]string{"/who": "X-User-Id", "/own": "X-Account"} {
		for _, alias := range []string{
			header, strings.ToLower(header), strings.ToUpper(header), strings.ReplaceAll(header, "-", "_"), strings.ReplaceAll(header, "-", "."),
			strings.Replace(header, "-", "_", 1), strings.ToLower(strings.ReplaceAll(header, "-", "_")),
		} {
			for _, credentials := range []string{token, "Bearer " + token, "bEARER " + token} {
				conn.send("GET " + path + " HTTP/1.1\r\nHost: a.test\r\n" + alias + ": forged\r\nAuthorization: " + credentials + "\r\n" + alias + ": forged\r\nConnection: " + header + "\r\n\r\n")
				if r := conn.must(t, "GET"); r.StatusCode != 200 {
					t.Fatalf("got %d %s, want 200", r.StatusCode, r.body)
				}
				m := up.last(t)
				if got := m.values(header); !slices.Equal(got, []string{fmt.Sprint(id)}) || strings.Contains(m.head, "forged") {
					t.Errorf("%s from the client: the upstream got %q", alias, m.head)
				}
				want := []string{credentials}
				if path == "/own" {
					want = nil
				}
				if got := m.values("Authorization"); !slices.Equal(got, want) {
					t.Errorf("%s: the upstream got the Authorization fields %q, want %q", path, got, want)
				}
			}
		}
	}
	up.canonical(t)
}

// TestNoIdentity: without a valid token nothing reaches the upstream, and the response is always the same.
func TestNoIdentity(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startWithUsers(t, route("who", "/who", []string{up.addr}, "auth: required"))
	_, token := g.user(t, "ada")
	for name, fields := range map[string]string{
		"none": "", "an empty one": "Authorization:\r\n", "another scheme": "Authorization: Basic " + token + "\r\n", "two": "Authorization: " + token + "\r\nAuthorization: " + token + "\r\n",
		"a list": "Authorization: " + token + ", " + token + "\r\n", "a cut one": "Authorization: " + token[:len(token)-1] + "\r\n", "a longer one": "Authorization: " + token + "A\r\n",
		"Bearer alone": "Authorization: Bearer\r\n", "two spaces and words": "Authorization: Bearer " + token + " x\r\n", "quotes": "Authorization: Bearer \"" + token + "\"\r\n",
		"an alias": "Authorization_: " + token + "\r\n", "X-User-Id": "X-User-Id: 1\r\n", "Proxy-Authorization": "Proxy-Authorization: Bearer " + token + "\r\n", "a cookie": "Cookie: token=" + token + "\r\n",
		"in a trailer": "Transfer-Encoding: chunked\r\nTrailer: Authorization\r\n",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conn := dial(t, g.addr)
			body := ""
			if strings.Contains(fields, "chunked") {
				body = "0\r\nAuthorization: " + token + "\r\n\r\n"
			}
			conn.send("GET /who HTTP/1.1\r\nHost: a.test\r\n" + fields + "\r\n" + body)
			r := conn.must(t, "GET")
			if r.StatusCode != 401 || r.body != `{"message":"Token is not valid"}` || !strings.HasPrefix(r.Header.Get("WWW-Authenticate"), "Bearer") {
				t.Errorf("got %d %s %q, want 401", r.StatusCode, r.body, r.Header.Get("WWW-Authenticate"))
			}
		})
	}
	t.Cleanup(func() {
		if got := up.got(""); len(got) > 0 {
			t.Errorf("the upstream got %q", got[0].head)
		}
	})
}
