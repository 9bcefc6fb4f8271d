package main

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"
	"testing"

	"tallygate/kit/env"
)

func TestTheBuiltinRoutesUnderAPath(t *testing.T) {
	t.Parallel()
	service := serverAt(t, func(w http.ResponseWriter, r *http.Request) {
		_, _ = io.WriteString(w, r.RequestURI+" "+r.Header.Get("X-Forwarded-Prefix"))
	})
	g := start(t, map[string]string{"BUILTIN_PREFIX": "/auth", "PAGES": "/auth", "AUTH_URL": service, "MATH_URL": service})
	for path, want := range map[string]string{
		"/auth/users/me?x=%20y": "/users/me?x=%20y /auth", "/auth/users/me/usage": "/users/me/usage /auth", "/auth/users/me/limits": "/users/me/limits /auth", "/auth/root?number=1&n=2": "/root?number=1&n=2 /auth",
		"/auth/admin/users/7/usage": "/admin/users/7/usage /auth",
	} {
		if status, body := g.get(t, path, params().Token()); status != 200 || body != want {
			t.Errorf("%s: got %d %s, want %s", path, status, body, want)
		}
	}
	for path, want := range map[string]int{"/users/me": 404, "/root": 404, "/auth/token": 405, "/auth/docs": 200, "/docs": 404, "/healthz": 200, "/auth/auth/root": 404} {
		if status, _ := g.get(t, path, params().Token()); status != want {
			t.Errorf("%s: got %d, want %d", path, status, want)
		}
	}
	if _, page := g.get(t, "/auth/"); !strings.Contains(page, `<meta name="calls" content="/auth">`) {
		t.Error("the console does not know where the calls are")
	}
}

func TestWithoutRootNoMathServiceIsNeeded(t *testing.T) {
	t.Parallel()
	g := start(t, map[string]string{"ROOT": "off", "MATH_URL": "http://" + free(t)}) // start waits until it is ready
	if status, _ := g.get(t, "/root", params().Token()); status != 404 {
		t.Errorf("/root: got %d", status)
	}
	_, body := g.get(t, "/openapi.json")
	var description struct{ Paths map[string]any }
	if err := json.Unmarshal([]byte(body), &description); err != nil || description.Paths["/root"] != nil || description.Paths["/token"] == nil {
		t.Errorf("got %v, %d paths", err, len(description.Paths))
	}
	if strings.Contains(g.log.String(), "math") {
		t.Errorf("the log has %s", g.log.String())
	}
}

func TestPlacesOfBuiltinRoutes(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		prefix, pages, want string
	}{
		{"/auth", "/auth", ""},
		{"/auth", "on", ""},
		{"/a/b.c", "off", ""},
		{"/token", "/gate", ""},
		{"/auth", "/token", ""},
		{"auth", "on", "BUILTIN_PREFIX: "},
		{"/", "on", "BUILTIN_PREFIX: "},
		{"/auth/", "on", "BUILTIN_PREFIX: "},
		{"/a/../b", "on", "BUILTIN_PREFIX: "},
		{"/a*b", "on", "BUILTIN_PREFIX: "},
		{"/a//b", "on", "BUILTIN_PREFIX: "},
		{"/auth", "/auth/token", "PAGES: \"/auth/token\" does not work: /auth/token is the path of a call"},
	} {
		vars := map[string]string{"BUILTIN_PREFIX": row.prefix, "PAGES": row.pages}
		r := env.NewReader(func(name string) (string, bool) { return vars[name], true })
		readConfig(r)
		err := r.Err().Error() // the secrets are missing
		if row.want != "" && !strings.Contains(err, row.want) || row.want == "" && (strings.Contains(err, "BUILTIN_PREFIX") || strings.Contains(err, "PAGES")) {
			t.Errorf("%s, PAGES=%s: got %q, want %q", row.prefix, row.pages, err, row.want)
		}
	}
}
