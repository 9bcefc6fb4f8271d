package httpapi_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/kit/apikey"
)

type shownKey struct {
	KeyID        string `json:"key_id"`
	Name, Key    string
	CreatedAt    time.Time  `json:"created_at"`
	ExpiresAt    *time.Time `json:"expires_at"`
	LastUsedAt   *time.Time `json:"last_used_at"`
	Routes       []string
	MonthlyQuota *int64 `json:"monthly_quota"`
}

type shownKeys struct{ Keys []shownKey }

const keysPath = "/users/me/keys"

// makeKey makes a key by the API. The body is a JSON object.
func (s *service) makeKey(t testing.TB, token, body string) shownKey {
	t.Helper()
	return fetch[shownKey](t, s, call{method: "POST", path: keysPath, token: token, body: body}, 201)
}

func TestAKeyIsShownOnceAndListedWithoutItsSecret(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		log := new(bytes.Buffer)
		s := newService(t, options{url: url, log: log})
		ada := s.user(t, "ada")
		got := s.do(call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":"a script"}`})
		plain := read[shownKey](t, got)
		members := regexp.MustCompile(`^\{"key_id":"[1-9][0-9]*","name":"a script","key":"tg_[0-9A-Za-z]{36}","created_at":"2026-11-24T12:00:00Z",` +
			`"expires_at":null,"last_used_at":null,"routes":null,"monthly_quota":null\}$`)
		if got.status != 201 || !members.MatchString(got.body) || got.header.Get("Cache-Control") != "no-store" || !apikey.Valid(plain.Key) {
			t.Errorf("got %d %v %s", got.status, got.header, got.body)
		}
		s.clock.advance(time.Second)
		full := s.makeKey(t, ada.Token, `{"name":"é🔑","expires_at":"2026-11-24T14:00:00+01:00","routes":["root","files","root"],"monthly_quota":0}`)
		if !full.ExpiresAt.Equal(s.clock.Now().Add(time.Hour-time.Second)) || !slices.Equal(full.Routes, []string{"root", "files"}) || *full.MonthlyQuota != 0 {
			t.Errorf("got %+v", full)
		}
		s.clock.advance(2 * time.Hour) // the second one has expired, and stays
		ada = s.signIn(t, "ada", "123456")
		listed := s.do(call{path: keysPath, token: ada.Token})
		list := read[shownKeys](t, listed)
		if listed.status != 200 || len(list.Keys) != 2 || list.Keys[0].KeyID != plain.KeyID || list.Keys[1].KeyID != full.KeyID ||
			strings.Contains(listed.body, `"key":`) || listed.header.Get("Cache-Control") != "no-store" {
			t.Errorf("got %d %s", listed.status, listed.body)
		}
		for _, secret := range []string{plain.Key, full.Key, apikey.Hash(plain.Key).String()} {
			if strings.Contains(log.String(), secret) || strings.Contains(listed.body, secret) {
				t.Error("a key, or its hash, is in the log or the list")
			}
		}
		if !strings.Contains(log.String(), `"event":"API key made"`) || !strings.Contains(log.String(), full.KeyID) {
			t.Error("the log does not say that a key was made")
		}
		if empty := s.do(call{path: keysPath, token: s.user(t, "eve").Token}); empty.body != `{"keys":[]}` {
			t.Errorf("got %s", empty.body)
		}
	})
}

func TestAKeyIsChangedMemberByMember(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada := s.user(t, "ada")
		made := s.makeKey(t, ada.Token, `{"name":"a"}`)
		path := keysPath + "/" + made.KeyID
		for _, step := range []struct{ body, want string }{
			{`{}`, `"name":"a" "expires_at":null "routes":null "monthly_quota":null`},
			{`{"name":"b"}`, `"name":"b" "expires_at":null "routes":null "monthly_quota":null`},
			{`{"routes":["root"],"monthly_quota":7}`, `"name":"b" "expires_at":null "routes":["root"] "monthly_quota":7`},
			{`{"expires_at":"2027-01-01T00:00:00.123456Z"}`, `"expires_at":"2027-01-01T00:00:00.123456Z" "routes":["root"] "monthly_quota":7`},
			{`{"monthly_quota":null}`, `"expires_at":"2027-01-01T00:00:00.123456Z" "routes":["root"] "monthly_quota":null`},
			{`{"routes":null,"expires_at":null}`, `"name":"b" "expires_at":null "routes":null "monthly_quota":null`},
		} {
			got := s.do(call{method: "PATCH", path: path, token: ada.Token, body: step.body})
			for part := range strings.SplitSeq(step.want, " ") {
				if got.status != 200 || !strings.Contains(got.body, part) || strings.Contains(got.body, `"key":`) {
					t.Errorf("%s: got %d %s, want %s in it", step.body, got.status, got.body, part)
				}
			}
		}
		if !s.opens(made.Key) {
			t.Error("the key is another one")
		}
	})
}

// opens reports whether a gateway gets a token for a key.
func (s *service) opens(key string) bool {
	var got opened
	r := s.open(key)
	return r.status == 200 && json.Unmarshal([]byte(r.body), &got) == nil && got.Token != nil
}

func TestWrongSettingsOfAKeyAreRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	ada := s.user(t, "ada")
	made := s.makeKey(t, ada.Token, `{"name":"`+strings.Repeat("é", 100)+`"}`)
	names, many := make([]string, 101), strings.Repeat("x", 64)
	for i := range names {
		names[i] = fmt.Sprint("r", i)
	}
	list, _ := json.Marshal(names)
	for body, slug := range map[string]string{
		`{"name":""}`: "invalid-name", `{"name":"` + strings.Repeat("é", 101) + `"}`: "invalid-name", `{"name":null}`: "invalid-name",
		`{"name":5}`: "invalid-name", `{"name":"a\u0000"}`: "invalid-name", `{"name":"a\nb"}`: "invalid-name", `{"name":"\u202egnp"}`: "invalid-name",
		`{"name":"a","expires_at":"2026-11-24T12:00:00Z"}`: "invalid-expires_at", `{"name":"a","expires_at":"2020-01-01T00:00:00Z"}`: "invalid-expires_at",
		`{"name":"a","expires_at":"2027-01-01"}`: "invalid-expires_at", `{"name":"a","expires_at":1800000000}`: "invalid-expires_at",
		`{"name":"a","expires_at":"9999-12-31T23:59:59-01:00"}`: "invalid-expires_at", `{"name":"a","expires_at":""}`: "invalid-expires_at",
		`{"name":"a","expires_at":"0001-01-01T00:00:00Z"}`: "invalid-expires_at",
		`{"name":"a","routes":[]}`:                         "invalid-routes", `{"name":"a","routes":"root"}`: "invalid-routes", `{"name":"a","routes":[1]}`: "invalid-routes",
		`{"name":"a","routes":[null]}`: "invalid-routes", `{"name":"a","routes":["Root"]}`: "invalid-routes", `{"name":"a","routes":[""]}`: "invalid-routes",
		`{"name":"a","routes":["` + many + `"]}`: "invalid-routes", `{"name":"a","routes":` + string(list) + `}`: "invalid-routes",
		`{"name":"a","routes":["*"]}`: "invalid-routes", `{"name":"a","routes":{}}`: "invalid-routes",
		`{"name":"a","monthly_quota":-1}`: "invalid-monthly_quota", `{"name":"a","monthly_quota":1.5}`: "invalid-monthly_quota",
		`{"name":"a","monthly_quota":"5"}`: "invalid-monthly_quota", `{"name":"a","monthly_quota":9223372036854775808}`: "invalid-monthly_quota",
		`{"name":"a","key":"tg_x"}`: "unknown-member", `{"name":"a","key_id":"5"}`: "unknown-member",
	} {
		for method, path := range map[string]string{"POST": keysPath, "PATCH": keysPath + "/" + made.KeyID} {
			got := s.do(call{method: method, path: path, token: ada.Token, body: body})
			if got.status != 422 || !strings.Contains(got.body, "problems/"+slug+`"`) {
				t.Errorf("%s %s: got %d %s, want %s", method, body, got.status, got.body, slug)
			}
		}
	}
	if got := s.do(call{method: "POST", path: keysPath, token: ada.Token, body: `{}`}); got.status != 422 || !strings.Contains(got.body, "invalid-name") {
		t.Errorf("without a name: got %d %s", got.status, got.body)
	}
	for _, overlap := range []string{"-1", "604801", "1.5", `"60"`, "9223372036854775808", "true"} {
		body := `{"overlap_seconds":` + overlap + `}`
		if got := s.do(call{method: "POST", path: keysPath + "/" + made.KeyID + "/rotate", token: ada.Token, body: body}); got.status != 422 {
			t.Errorf("%s: got %d %s", body, got.status, got.body)
		}
	}
	if list := fetch[shownKeys](t, s, call{path: keysPath, token: ada.Token}, 200); len(list.Keys) != 1 || list.Keys[0].Name != made.Name || !s.opens(made.Key) {
		t.Errorf("got %+v", list)
	}
}

func TestARotatedKeyKeepsItsID(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada := s.user(t, "ada")
		made := s.makeKey(t, ada.Token, `{"name":"a","routes":["root"]}`)
		rotate := func(body string) shownKey {
			t.Helper()
			c := call{method: "POST", path: keysPath + "/" + made.KeyID + "/rotate", token: ada.Token, body: body}
			got := s.do(c)
			next := read[shownKey](t, got)
			if got.status != 200 || next.KeyID != made.KeyID || next.Key == made.Key || !apikey.Valid(next.Key) || len(next.Routes) != 1 ||
				got.header.Get("Cache-Control") != "no-store" {
				t.Fatalf("%s: got %d %s", body, got.status, got.body)
			}
			return next
		}
		works := func(when string, want bool, key shownKey) {
			t.Helper()
			if got := s.opens(key.Key); got != want {
				t.Errorf("%s: got %v, want %v", when, got, want)
			}
		}
		second := rotate(`{"overlap_seconds":604800}`)
		works("the first in the overlap", true, made)
		works("the second", true, second)
		third := rotate(`{"overlap_seconds":60}`)
		works("the first when the second is replaced", false, made)
		works("the second in the overlap", true, second)
		s.clock.advance(time.Minute)
		works("the second after the overlap", false, second)
		works("the third", true, third)
		for _, body := range []string{"", "{}", `{"overlap_seconds":null}`, `{"overlap_seconds":0}`} {
			next := rotate(body)
			works("one that was replaced without an overlap", false, third)
			third = next
		}
		works("the last", true, third)
	})
}

func TestAKeyThatIsNotThereIs404WhateverTheBody(t *testing.T) {
	t.Parallel()
	onEachDatabase(t, func(t *testing.T, url string) {
		s := newService(t, options{url: url})
		ada, eve := s.user(t, "ada"), s.user(t, "eve")
		hers, revoked := s.makeKey(t, eve.Token, `{"name":"hers"}`), s.makeKey(t, ada.Token, `{"name":"a"}`)
		if got := s.do(call{method: "DELETE", path: keysPath + "/" + revoked.KeyID, token: ada.Token}); got.status != 204 || got.body != "" {
			t.Errorf("got %d %s", got.status, got.body)
		}
		if s.opens(revoked.Key) {
			t.Error("a revoked key works")
		}
		text := http.Header{"Content-Type": {"text/plain"}}
		for _, id := range []string{hers.KeyID, revoked.KeyID, "1", "0", "-1", "x", "01", "+1", "9223372036854775808", "%00", "1e3"} {
			for _, c := range []call{
				{method: "DELETE"},
				{method: "DELETE", body: `{"rubbish":`},
				{method: "PATCH", body: `{"name":"b"}`},
				{method: "PATCH", body: `{"name":5,"unknown":1}`},
				{method: "PATCH", body: `{"rubbish":`},
				{method: "PATCH", body: "rubbish", header: text},
				{method: "PATCH", body: strings.Repeat(" ", 65<<10)},
				{method: "POST"},
				{method: "POST", body: `{"overlap_seconds":-1}`},
				{method: "POST", body: "[", header: text},
			} {
				c.path, c.token = keysPath+"/"+id, ada.Token
				if c.method == "POST" {
					c.path += "/rotate"
				}
				if got := s.do(c); got.status != 404 || !strings.Contains(got.body, "problems/no-such-key") {
					t.Errorf("%s %s %.20s: got %d %s", c.method, c.path, c.body, got.status, got.body)
				}
			}
		}
		if !s.opens(hers.Key) {
			t.Error("another user's key was changed")
		}
		if got := fetch[shownKeys](t, s, call{path: keysPath, token: ada.Token}, 200); len(got.Keys) != 0 {
			t.Errorf("a revoked key is listed: %+v", got)
		}
	})
}

func TestAKeyTooManyIsRefused(t *testing.T) {
	t.Parallel()
	s := newService(t, options{keys: 2})
	ada := s.user(t, "ada")
	first := s.makeKey(t, ada.Token, `{"name":"1","expires_at":"2026-11-24T12:00:01Z"}`)
	s.makeKey(t, ada.Token, `{"name":"2"}`)
	s.clock.advance(time.Minute)
	third := call{method: "POST", path: keysPath, token: ada.Token, body: `{"name":"3"}`}
	got := s.do(third) // an expired key counts, because it is still there
	if got.status != 409 || !strings.Contains(got.body, "problems/too-many-keys") || !strings.Contains(got.body, "2 API keys") {
		t.Errorf("got %d %s", got.status, got.body)
	}
	s.do(call{method: "DELETE", path: keysPath + "/" + first.KeyID, token: ada.Token})
	if got := s.do(third); got.status != 201 {
		t.Errorf("after one was revoked: got %d %s", got.status, got.body)
	}
}
