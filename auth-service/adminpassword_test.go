package main

import (
	"bytes"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// admin runs a command with a text on standard input, and DATABASE_URL alone of what the service needs.
func admin(t *testing.T, vars map[string]string, stdin string, args ...string) (code int, out, said string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(stdin), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	few := map[string]string{"DATABASE_URL": vars["DATABASE_URL"], "PUBLIC_URL": vars["PUBLIC_URL"]}
	var stdout, stderr bytes.Buffer
	code = runCommand(t.Context(), append([]string{"admin"}, args...), lookup(few), streams{in: in, out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

// TestTheOperatorGivesAWayBack: the service runs meanwhile, on the same database.
func TestTheOperatorGivesAWayBack(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	vars["PUBLIC_URL"] = "https://example.com/"
	if code, _, said := admin(t, vars, "123456\n", "create", "root"); code != 0 {
		t.Fatal(said)
	}
	s := start(t, vars)
	waitUntil(t, "ready", func() bool { return s.ready(t) })
	const old, temporary = `{"username":"root","password":"123456"}`, `{"username":"root","password":"correct horse"}`
	session := s.signIn(t, old)

	code, out, said := admin(t, vars, "", "reset", "Root")
	token, link, _ := strings.Cut(strings.TrimSpace(out), "\n")
	if code != 0 || !strings.HasPrefix(token, "tgr_") || link != "https://example.com/#reset="+token ||
		!strings.HasPrefix(said, "root (user id 1) can set a new password, once, until ") {
		t.Fatalf("got %d %q %q", code, out, said)
	}
	use := `{"reset_token":"` + token + `","new_password":"correct horse"}`
	for _, want := range []int{http.StatusNoContent, http.StatusForbidden} {
		if status, body := send(t, http.MethodPost, s.url+"/users/password", "", use); status != want {
			t.Errorf("got %d %s, want %d", status, body, want)
		}
	}
	ended := func(token string) {
		t.Helper()
		if status, body := send(t, http.MethodGet, s.url+"/users/me", token, ""); status != http.StatusUnauthorized {
			t.Errorf("a session from before: got %d %s", status, body)
		}
	}
	ended(session)
	session = s.signIn(t, temporary)

	code, out, said = admin(t, vars, "battery staple\n", "password", "root")
	if code != 0 || out != "root (user id 1) has a new password. All sessions of the user have ended.\n" || said != "" {
		t.Errorf("got %d %q %q", code, out, said)
	}
	ended(session)
	s.signIn(t, `{"username":"root","password":"battery staple"}`)
}

func TestTheOperatorIsToldWhyNot(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	if code, _, said := admin(t, vars, "123456\n", "create", "root"); code != 0 {
		t.Fatal(said)
	}
	for _, step := range []struct {
		stdin, args, says string
	}{
		{"", "reset nobody", `there is no user "nobody"`},
		{"", "reset no\u0007body", "The user name may hold"},
		{"x\n", "password nobody", `there is no user "nobody"`},
		{"", "password root", "The password must not be empty."},
		{strings.Repeat("x", 1025), "password root", "longer than 1024 bytes"},
	} {
		code, out, said := admin(t, vars, step.stdin, strings.Fields(step.args)...)
		if code != 1 || out != "" || !strings.Contains(said, step.says) {
			t.Errorf("%q: got %d %q %q, want 1 and %q", step.args, code, out, said, step.says)
		}
	}
	for _, wrong := range []string{"example.com", "ftp://example.com", "https://", "https://example.com/?a=b", "https://example.com/#a", "https://ada@example.com", "/gate"} {
		vars["PUBLIC_URL"] = wrong
		if code, out, said := admin(t, vars, "", "reset", "root"); code != 1 || out != "" || !strings.Contains(said, "PUBLIC_URL: ") {
			t.Errorf("%s: got %d %q %q", wrong, code, out, said)
		}
	}
	vars["PUBLIC_URL"] = "http://127.0.0.1:8000/gate//"
	if code, out, _ := admin(t, vars, "", "reset", "root"); code != 0 || !strings.Contains(out, "\nhttp://127.0.0.1:8000/gate/#reset=tgr_") {
		t.Errorf("got %d %q", code, out)
	}
}
