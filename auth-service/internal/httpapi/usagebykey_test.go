package httpapi_test

import (
	"os"
	"strings"
	"testing"
)

func TestUsageByAPIKey(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		root, ada := s.root(t), s.user(t, "ada")
		put := call{method: "PUT", path: "/internal/usage", token: s.internal, body: `{"gateway":"g","sequence":1,"rows":[` +
			`{"user_id":2,"route":"root","hour":"2026-11-24T12:00:00Z","requests":3},` +
			`{"user_id":2,"route":"root","hour":"2026-11-24T12:00:00Z","key_id":"9223372036854775807","requests":2,"units":10,"bytes_out":7},` +
			`{"user_id":2,"route":"root","hour":"2026-11-24T12:00:00Z","key_id":"5","requests":1,"units":0},` +
			`{"user_id":3,"route":"files","hour":"2026-11-24T12:00:00Z","key_id":"6","requests":4}]}`}
		if got := s.do(put); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		const rest = `"client_errors":0,"server_errors":0,"rate_limited":0,"bytes_in":0,`
		const start = `"start":"2026-11-24T00:00:00Z",`
		for path, want := range map[string]string{
			"/users/me/usage": `"total":{"requests":6,"units":13,` + rest + `"bytes_out":7},"series":[{"route":"root",` + start + `"requests":6,"units":13,`,
			"/users/me/usage?group=key": `"total":{"requests":6,"units":13,` + rest + `"bytes_out":7},"series":[` +
				`{"route":"root","key_id":null,` + start + `"requests":3,"units":3,` + rest + `"bytes_out":0},` +
				`{"route":"root","key_id":"5",` + start + `"requests":1,"units":0,` + rest + `"bytes_out":0},` +
				`{"route":"root","key_id":"9223372036854775807",` + start + `"requests":2,"units":10,` + rest + `"bytes_out":7}],"quota":{"limit":null,"used":13,`,
			"/users/me/usage?key=9223372036854775807": `"total":{"requests":2,"units":10,` + rest + `"bytes_out":7},"series":[{"route":"root",` + start +
				`"requests":2,"units":10,` + rest + `"bytes_out":7}],"quota":{"limit":null,"used":13,`,
			"/users/me/usage?key=5&group=key&by=hour": `"series":[{"route":"root","key_id":"5","start":"2026-11-24T12:00:00Z","requests":1,"units":0,`,
			"/users/me/usage?key=6":                   `"series":[]`, // of another user
			"/admin/users/2/usage?key=5":              `"total":{"requests":1,"units":0,`,
			"/admin/usage?key=6":                      `"lines":[{"user_id":3,"username":null,"route":"files","requests":4,"units":4,`,
			"/admin/usage?group=key&sort=user&limit=2": `"lines":[{"user_id":2,"username":"ada","route":"root","key_id":null,"requests":3,"units":3,` + rest +
				`"bytes_out":0},{"user_id":2,"username":"ada","route":"root","key_id":"5",`,
			"/admin/usage?group=key&limit=1": `"lines":[{"user_id":3,"username":null,"route":"files","key_id":"6","requests":4,`,
			"/admin/usage?format=csv&group=key": "bytes_in,bytes_out,units,key_id\r\n2,ada,root,3,0,0,0,0,0,3,\r\n2,ada,root,1,0,0,0,0,0,0,5\r\n" +
				"2,ada,root,2,0,0,0,0,7,10,9223372036854775807\r\n3,,files,0,0,0,0,0,0,0,\r\n3,,files,4,0,0,0,0,0,4,6\r\n",
			"/admin/usage?format=csv&key=6": "units\r\n3,,files,4,0,0,0,0,0,4\r\n",
		} {
			token := ada.Token
			if strings.HasPrefix(path, "/admin") {
				token = root.Token
			}
			if got := s.do(call{path: path, token: token}); got.status != 200 || !strings.Contains(got.body, want) {
				t.Errorf("%s: got %d %s\nwant %s in it", path, got.status, got.body, want)
			}
		}
		columns, _, _ := strings.Cut(s.do(call{path: "/admin/usage?format=csv&group=key", token: root.Token}).body, "\r\n")
		if docs, err := os.ReadFile("../../../docs/usage.md"); err != nil || !strings.Contains(string(docs), "\n"+columns+"\n") {
			t.Errorf("docs/usage.md has no line %s, %v", columns, err)
		}
		everyLineOnce(t, s, root.Token)
	})
}

// everyLineOnce goes through the pages of lines by key, one line at a time.
func everyLineOnce(t *testing.T, s *service, token string) {
	t.Helper()
	for sort, want := range map[string]string{
		"user":     "2 null, 2 5, 2 9223372036854775807, 3 null, 3 6, ",
		"requests": "3 6, 2 null, 2 9223372036854775807, 2 5, 3 null, ",
	} {
		seen, next := "", ""
		for {
			page := read[struct {
				Lines []struct {
					UserID int64   `json:"user_id"`
					KeyID  *string `json:"key_id"`
				}
				Next *string `json:"next_cursor"`
			}](t, s.do(call{path: "/admin/usage?group=key&limit=1&sort=" + sort + "&cursor=" + next, token: token}))
			for _, l := range page.Lines {
				key := "null"
				if l.KeyID != nil {
					key = *l.KeyID
				}
				seen += string(rune('0'+l.UserID)) + " " + key + ", "
			}
			if page.Next == nil {
				break
			}
			next = *page.Next
		}
		if seen != want {
			t.Errorf("sorted by %s: got %s, want %s", sort, seen, want)
		}
	}
}

func TestAWrongKeyOrGroupIs422(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	root := s.root(t)
	for _, query := range []string{
		"key=", "key=0", "key=-1", "key=%2B1", "key=01", "key=9223372036854775808", "key=x", "key=1&key=2", "key=%201",
		"group=", "group=user", "group=key&group=key",
	} {
		for _, path := range []string{"/users/me/usage?", "/admin/users/1/usage?", "/admin/usage?", "/admin/usage?format=csv&"} {
			if got := s.do(call{path: path + query, token: root.Token}); got.status != 422 {
				t.Errorf("%s%s: got %d %s", path, query, got.status, got.body)
			}
		}
	}
	for _, members := range []string{
		`"key_id":""`, `"key_id":"0"`, `"key_id":"01"`, `"key_id":"-5"`, `"key_id":"9223372036854775808"`, `"key_id":5`,
		`"units":-1`, `"units":1.5`, `"units":9007199254740993`, `"units":"1"`,
	} {
		body := `{"gateway":"g","sequence":1,"rows":[{"user_id":2,"route":"root","hour":"2026-11-24T12:00:00Z",` + members + `}]}`
		if got := s.do(call{method: "PUT", path: "/internal/usage", token: s.internal, body: body}); got.status != 422 {
			t.Errorf("%s: got %d %s", members, got.status, got.body)
		}
	}
}

func TestAKeySeesItsOwnUsageAndNothingElse(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		users := int64(100)
		s := newService(t, options{url: url, quota: &users})
		ada := s.user(t, "ada")
		capped := s.makeKey(t, ada.Token, `{"name":"a","routes":["files"],"monthly_quota":5}`)
		free := s.makeKey(t, ada.Token, `{"name":"b"}`)
		put := call{method: "PUT", path: "/internal/usage", token: s.internal, body: `{"gateway":"g","sequence":1,"rows":[` +
			`{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","requests":7},` +
			`{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","key_id":"` + capped.KeyID + `","requests":2},` +
			`{"user_id":1,"route":"files","hour":"2026-11-24T12:00:00Z","key_id":"` + capped.KeyID + `","requests":1},` +
			`{"user_id":1,"route":"root","hour":"2026-11-24T12:00:00Z","key_id":"` + free.KeyID + `","requests":4}]}`}
		if got := s.do(put); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		const path = "/users/me/usage"
		const left = `"quota":{"limit":5,"used":3,"remaining":2,"resets_at":"2026-12-01T00:00:00Z"}`
		token := map[string]string{"capped": *read[opened](t, s.open(capped.Key)).Token, "free": *read[opened](t, s.open(free.Key)).Token}
		for _, step := range []struct{ key, path, total, quota string }{
			{"capped", path, "3", left},
			{"capped", path + "?route=root", "2", left},
			{"capped", path + "?from=2026-11-25", "0", left},
			{"capped", path + "?from=2026-01-01&by=month", "3", left},
			{"capped", path + "?group=key", "3", left},
			{"capped", path + "?key=" + capped.KeyID, "3", left},
			{"free", path, "4", `"quota":{"limit":null,"used":4,"remaining":null,"resets_at":null}`},
		} {
			got := s.do(call{path: step.path, token: token[step.key]})
			if got.status != 200 || !strings.Contains(got.body, `"total":{"requests":`+step.total+`,`) || !strings.Contains(got.body, step.quota) {
				t.Errorf("%s, %s: got %d %s, want %s requests and %s", step.key, step.path, got.status, got.body, step.total, step.quota)
			}
			if strings.Contains(got.body, `"key_id":null`) || strings.Contains(got.body, free.KeyID) {
				t.Errorf("%s, %s: others' calls are in %s", step.key, step.path, got.body)
			}
		}
		for _, other := range []string{free.KeyID, "1"} {
			got := s.do(call{path: path + "?key=" + other, token: token["capped"]})
			if got.status != 403 || !strings.Contains(got.body, "/problems/key-not-allowed") {
				t.Errorf("another key's usage: got %d %s", got.status, got.body)
			}
		}
		if got := s.do(call{path: path, token: ada.Token}); !strings.Contains(got.body, `"quota":{"limit":100,"used":14,"remaining":86,`) {
			t.Errorf("the user's own report: got %s", got.body)
		}
		if got := s.do(call{method: "DELETE", path: keysPath + "/" + capped.KeyID, token: ada.Token}); got.status != 204 {
			t.Fatalf("got %d %s", got.status, got.body)
		}
		wantRefused(t, s.do(call{path: path, token: token["capped"]}))
	})
}
