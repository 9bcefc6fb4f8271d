package httpapi_test

import (
	"os"
	"strings"
	"testing"
)

// TestUsageOfAUserAsCSV: a line for each entry of the series, in the same order and with the same numbers.
func TestUsageOfAUserAsCSV(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root, ada := s.root(t), s.user(t, "ada")
		s.deliver(1, 2, "root", "2026-11-23T23:00:00Z", 3)
		s.deliver(2, 2, "=cmd", "", 5)
		s.deliver(3, 3, "files", "", 9) // of somebody who is gone
		const columns = "start,route,requests,client_errors,server_errors,rate_limited,bytes_in,bytes_out,units\r\n"
		const first, second = "2026-11-23T00:00:00Z,root,3,1,0,0,0,30,3\r\n", "2026-11-24T00:00:00Z,'=cmd,5,1,0,0,0,50,5\r\n"
		for path, want := range map[string]string{
			"/users/me/usage?format=csv":                          columns + first + second,
			"/admin/users/2/usage?format=csv":                     columns + first + second,
			"/admin/users/2/usage?format=csv&route=root":          columns + first,
			"/admin/users/2/usage?format=csv&by=hour&route=root":  columns + "2026-11-23T23:00:00Z,root,3,1,0,0,0,30,3\r\n",
			"/admin/users/3/usage?format=csv&by=month":            columns + "2026-11-01T00:00:00Z,files,9,1,0,0,0,90,9\r\n",
			"/users/me/usage?format=csv&from=2020-01-01&by=month": columns + "2026-11-01T00:00:00Z,'=cmd,5,1,0,0,0,50,5\r\n2026-11-01T00:00:00Z,root,3,1,0,0,0,30,3\r\n",
			"/users/me/usage?format=csv&to=2026-11-01":            columns,
			"/users/me/usage?format=csv&group=key&route=root":     strings.Replace(columns, "\r", ",key_id\r", 1) + "2026-11-23T00:00:00Z,root,3,1,0,0,0,30,3,\r\n",
		} {
			token := ada.Token
			if strings.HasPrefix(path, "/admin") {
				token = root.Token
			}
			got := s.do(call{path: path, token: token})
			if got.status != 200 || got.body != want || !strings.HasPrefix(got.header.Get("Content-Type"), "text/csv") {
				t.Errorf("%s: got %d %v\n%s\nwant\n%s", path, got.status, got.header, got.body, want)
			}
		}
		got := s.do(call{path: "/users/me/usage?format=csv", token: ada.Token})
		if file := got.header.Get("Content-Disposition"); file != `attachment; filename="usage-2026-11-01-2026-12-01.csv"` {
			t.Errorf("got the file %s", file)
		}
		for _, query := range []string{"?format=xml", "?format=csv&format=csv", "?format=csv&by=week", "?format=csv&route=%ff"} {
			if got := s.do(call{path: "/users/me/usage" + query, token: ada.Token}); got.status != 422 {
				t.Errorf("%s: got %d %s", query, got.status, got.body)
			}
		}
		columnsByKey, _, _ := strings.Cut(s.do(call{path: "/users/me/usage?format=csv&group=key", token: ada.Token}).body, "\r\n")
		if docs, err := os.ReadFile("../../../docs/usage.md"); err != nil || !strings.Contains(string(docs), "\n"+columnsByKey+"\n") {
			t.Errorf("docs/usage.md has no line %s, %v", columnsByKey, err)
		}
	})
}
