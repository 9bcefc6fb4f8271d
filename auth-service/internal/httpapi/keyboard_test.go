package httpapi_test

import (
	"strings"
	"testing"
)

func TestAPasswordIsTheSameFromTwoKeyboards(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	register := s.do(call{method: "POST", path: "/users/register", body: `{"username":"ada","password":"caf\u00e9 \u2764\ufe0f \ud83e\udec8"}`})
	if register.status != 201 {
		t.Fatalf("register: got %d %s", register.status, register.body)
	}
	for body, want := range map[string]int{
		`{"username":"ada","password":"cafe\u0301\u00a0\u2764 \ud83e\udec8"}`: 200,
		"{\"username\":\"ada\",\"password\":\"café ❤ \U0001fac8\"}":           200,
		`{"username":"ada","password":"caf\u00e9 \u2764 \ud83e\udec9"}`:       401,
	} {
		if got := s.do(call{method: "POST", path: "/token", body: body}); got.status != want {
			t.Errorf("%s: got %d %s, want %d", body, got.status, got.body, want)
		}
	}
}

func TestARefusalNamesTheSignThatNoKeyboardTypes(t *testing.T) {
	t.Parallel()
	s := newService(t, options{})
	s.register(t, "ada", "123456")
	tokens := s.signIn(t, "ada", "123456")
	for _, look := range []struct{ method, path, token, body, detail string }{
		{"POST", "/users/register", "", `{"username":"eve","password":"1\u00073"}`, "The password must not hold U+0007 (a control character)."},
		{"POST", "/token", "", `{"username":"ada","password":"1\u20283"}`, "The password must not hold U+2028 (a line separator)."},
		{
			"PUT", "/users/me/password", tokens.Token, `{"current_password":"123456","new_password":"\ufeff12"}`,
			"The password must not hold U+FEFF (a byte order mark).",
		},
		{"POST", "/token", "", `{"username":"ada","password":"\ud83d"}`, `there is \ud83d, half of a surrogate pair`},
		{"POST", "/token", "", "{\"username\":\"ada\",\"password\":\"\xff\"}", "there is the byte 0xFF, which is not UTF-8"},
	} {
		got := s.do(call{method: look.method, path: look.path, token: look.token, body: look.body})
		if got.status != 422 && got.status != 400 || !strings.Contains(strings.ReplaceAll(got.body, `\\`, `\`), look.detail) {
			t.Errorf("%s: got %d %s, want %s", look.body, got.status, got.body, look.detail)
		}
	}
}
