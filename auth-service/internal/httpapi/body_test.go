package httpapi_test

import (
	"net/http"
	"strings"
	"testing"
)

func TestBadBodiesAreTheClientsFault(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.register(t, "ada", "123456")
	for name, body := range map[string]string{
		"not JSON":                     `username=ada`,
		"an array":                     `[]`,
		"null":                         `null`,
		"a string":                     `"ada"`,
		"nothing":                      ``,
		"a missing password":           `{"username":"ada"}`,
		"a missing name":               `{"password":"123456"}`,
		"a null password":              `{"username":"ada","password":null}`,
		"an extra member":              `{"username":"ada","password":"123456","role":"admin"}`,
		"a duplicate member":           `{"username":"ada","password":"x","password":"123456"}`,
		"members in another case":      `{"Username":"ada","PASSWORD":"123456"}`,
		"a number for a name":          `{"username":7,"password":"123456"}`,
		"an object for a password":     `{"username":"ada","password":{}}`,
		"trailing data":                `{"username":"ada","password":"123456"} {}`,
		"two byte-order marks":         "\ufeff\ufeff" + `{"username":"ada","password":"123456"}`,
		"UTF-16":                       "{\x00\"\x00u\x00",
		"invalid UTF-8":                "{\"username\":\"\xff\",\"password\":\"123456\"}",
		"a lone surrogate":             `{"username":"\ud800","password":"123456"}`,
		"a lone surrogate as password": `{"username":"ada","password":"\udfff"}`,
		"100,000 levels":               strings.Repeat("[", 100_000),
		"10 MB":                        `{"username":"ada","password":"` + strings.Repeat("x", 10<<20) + `"}`,
		"a password of 1,025 bytes":    credentials("ada", strings.Repeat("x", 1025)),
		"a name of 129 characters":     credentials(strings.Repeat("x", 129), "123456"),
		"an empty name":                credentials("", "123456"),
		"an empty password":            credentials("ada", ""),
		"NUL in a name":                `{"username":"a\u0000da","password":"123456"}`,
		"NUL in a password":            `{"username":"ada","password":"123\u0000456"}`,
		"a line break in a name":       `{"username":"a\nda","password":"123456"}`,
		"a space in a name":            `{"username":"a da","password":"123456"}`,
	} {
		for _, path := range []string{"/users/register", "/token"} {
			got := s.do(call{method: "POST", path: path, body: body, header: http.Header{"Content-Type": {"application/json"}}})
			if got.status < 400 || got.status > 499 || got.status == 401 || !strings.Contains(got.body, `"message":`) ||
				got.header.Get("Content-Type") != "application/problem+json" {
				t.Errorf("%s to %s: got %d %s", name, path, got.status, got.body)
			}
		}
	}
}

func TestMediaTypeIsJSONOrMissing(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.register(t, "ada", "123456")
	for _, look := range []struct {
		contentType []string
		status      int
	}{
		{[]string{"application/json"}, 200},
		{[]string{"application/json; charset=utf-8"}, 200},
		{nil, 200},
		{[]string{"application/x-www-form-urlencoded"}, 415},
		{[]string{"text/plain"}, 415},
		{[]string{"application/json; charset=utf-16"}, 415},
	} {
		got := s.do(call{method: "POST", path: "/token", body: credentials("ada", "123456"), header: http.Header{"Content-Type": look.contentType}})
		if got.status != look.status {
			t.Errorf("%q: got %d %s, want %d", look.contentType, got.status, got.body, look.status)
		}
		if got.status == 415 && !strings.Contains(got.body, `-H 'Content-Type: application/json'`) {
			t.Errorf("%q: %s does not help", look.contentType, got.body)
		}
	}
}

// Programs on Windows write a byte-order mark before a text in UTF-8.
func TestAByteOrderMarkIsSkipped(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	for _, path := range []string{"/users/register", "/token"} {
		got := s.do(call{method: "POST", path: path, body: "\ufeff" + credentials("ada", "123456"), header: http.Header{"Content-Type": {"application/json"}}})
		if got.status >= 300 {
			t.Errorf("%s: got %d %s", path, got.status, got.body)
		}
	}
}

func TestLongestNameAndPasswordWork(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	name, secret := strings.Repeat("é", 128), strings.Repeat("x", 1023)
	s.register(t, name, secret+"y")
	s.signIn(t, name, secret+"y")
	if got := s.do(call{method: "POST", path: "/token", body: credentials(name, secret+"z")}); got.status != 401 {
		t.Errorf("a password that differs in its last byte: got %d", got.status)
	}
}
