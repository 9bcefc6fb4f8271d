package main

import (
	"bytes"
	"context"
	"encoding/json"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"tallygate/kit/env"
)

// bcryptOf123456 is what another system keeps of the password 123456.
const bcryptOf123456 = "$2a$04$u.bgneFimq50vRFyxreIkub96ui8Z03KPG1TLX/gyJszuZ.cg/due"

const (
	otherSecret = "91c2a7e05d4f6b38a0d191c2a7e05d4f6b38a0d1"
	thirdSecret = "e4097bd1c85a2f63e4097bd1c85a2f63e4097bd1"
)

func lookup(vars map[string]string) env.Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

// settings are the least that the service starts with, on free ports and with cheap hashes.
func settings(t *testing.T) map[string]string {
	t.Helper()
	return map[string]string{
		"ADDR": "127.0.0.1:0", "PRIVATE_ADDR": "127.0.0.1:0", "JWT_SECRET": goodSecret, "INTERNAL_SECRET": otherSecret,
		"DATABASE_URL":      "sqlite:" + filepath.Join(t.TempDir(), "data", "test.db"),
		"ARGON2_MEMORY_KIB": "7168", "ARGON2_PASSES": "1",
	}
}

// running is a service that serves.
type running struct {
	url, private string
	stop         func() error
}

func start(t *testing.T, vars map[string]string) running {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	opened, ended := make(chan running, 1), make(chan error, 1)
	go func() {
		ended <- serve(ctx, lookup(vars), io.Discard, func(public, private net.Addr) {
			opened <- running{url: "http://" + public.String(), private: "http://" + private.String()}
		})
	}()
	select {
	case r := <-opened:
		r.stop = func() error { cancel(); return <-ended }
		t.Cleanup(cancel)
		return r
	case err := <-ended:
		cancel()
		t.Fatal(err)
	}
	return running{}
}

// waitUntil calls a function until it returns true.
func waitUntil(t *testing.T, what string, yes func() bool) {
	t.Helper()
	deadline := time.Now().Add(20 * time.Second)
	for !yes() {
		if time.Now().After(deadline) {
			t.Fatalf("%s: it never happened", what)
		}
		time.Sleep(10 * time.Millisecond) //nolint:forbidigo // it waits for another process
	}
}

func send(t *testing.T, method, url, authorization, body string) (int, string) {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), method, url, strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	if authorization != "" {
		req.Header.Set("Authorization", authorization)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, string(text)
}

func (r running) ready(t *testing.T) bool {
	t.Helper()
	status, _ := send(t, http.MethodGet, r.private+"/readyz", "", "")
	return status == http.StatusOK
}

func (r running) signIn(t *testing.T, credentials string) string {
	t.Helper()
	status, body := send(t, http.MethodPost, r.url+"/token", "", credentials)
	var tokens struct{ Token string }
	if err := json.Unmarshal([]byte(body), &tokens); status != http.StatusOK || err != nil {
		t.Fatalf("got %d %s", status, body)
	}
	return tokens.Token
}

func TestTheServiceStartsAtOnceAndKeepsItsUsers(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	const ada = `{"username":"ada","password":"123456"}`
	first := start(t, vars)
	waitUntil(t, "ready", func() bool { return first.ready(t) })
	if status, body := send(t, http.MethodPost, first.url+"/users/register", "", ada); status != http.StatusCreated {
		t.Fatalf("got %d %s", status, body)
	}
	if status, body := send(t, http.MethodGet, first.private+"/metrics", "", ""); status != http.StatusOK ||
		!strings.Contains(body, `http_server_request_duration_seconds_count{`) || !strings.Contains(body, `tallygate_password_queue_length{kind="sign_in"} 0`) || !strings.Contains(body, `tallygate_build_info{`) {
		t.Errorf("metrics: got %d %.200s", status, body)
	}
	if _, body := send(t, http.MethodGet, first.private+"/metrics", "", ""); !strings.Contains(body, "\ntallygate_password_queue_limit ") ||
		!strings.Contains(body, `tallygate_auth_admitted_limit{what="requests"}`) || !strings.Contains(body, `tallygate_disk_free_bytes{folder="database"}`) {
		t.Error("the metrics lack a bound")
	}
	if err := first.stop(); err != nil {
		t.Fatalf("a clean stop: %v", err)
	}
	second := start(t, vars)
	waitUntil(t, "ready again", func() bool { return second.ready(t) })
	second.signIn(t, ada)
}

func TestEveryMistakeInTheSettingsIsNamed(t *testing.T) {
	t.Parallel()
	err := run(t.Context(), lookup(map[string]string{
		"JWT_SECRET": "short", "JWT_TTL": "soon", "LOG_LEVEL": "loud", "SESSION_IDLE": "1m", "REFRESH_GRACE": "-1s", "GUESS_FREE_PER_NAME": "0",
		"TRUSTED_PROXIES": "everybody", "PASSWORD_MIN_LENGTH": "many", "HASH_WORKERS": "-1",
	}), io.Discard)
	if err == nil {
		t.Fatal("it started")
	}
	for _, name := range []string{
		"JWT_SECRET", "JWT_TTL", "LOG_LEVEL", "SESSION_IDLE", "REFRESH_GRACE", "GUESS_FREE_PER_NAME", "TRUSTED_PROXIES", "PASSWORD_MIN_LENGTH",
		"HASH_WORKERS", "INTERNAL_SECRET",
	} {
		if !strings.Contains(err.Error(), name) {
			t.Errorf("%s is not named in %v", name, err)
		}
	}
}

func TestUnknownDatabaseIsNamedWithoutItsPassword(t *testing.T) {
	t.Parallel()
	for _, url := range []string{"mysql://user:hunter2@host/db", "postgres://user:hunter2@host:port/db", "sqlite:"} {
		vars := settings(t)
		vars["DATABASE_URL"] = url
		err := run(t.Context(), lookup(vars), io.Discard)
		if err == nil || !strings.Contains(err.Error(), "DATABASE_URL") || strings.Contains(err.Error(), "hunter2") {
			t.Errorf("%s: got %v", url, err)
		}
	}
}

// TestSecretRotatesWithoutSigningAnybodyOut goes through the three steps: verify everywhere, sign, withdraw.
// swapSecret writes a file in one step and returns its path.
func swapSecret(t *testing.T, path, value string) string {
	t.Helper()
	draft := path + ".new"
	if err := os.WriteFile(draft, []byte(value+"\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(draft, path); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestSecretRotatesWithoutSigningAnybodyOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := func(name, value string) string { return swapSecret(t, filepath.Join(dir, name), value) }
	const next = "b7d2f05c9a4e4d1680a3b7d2f05c9a4e4d1680a3"
	vars := settings(t)
	delete(vars, "JWT_SECRET")
	vars["JWT_SECRET_FILE"], vars["JWT_OTHER_SECRETS_FILE"] = file("secret", goodSecret), file("others", thirdSecret)
	s := start(t, vars)
	waitUntil(t, "ready", func() bool { return s.ready(t) })
	const ada = `{"username":"ada","password":"123456"}`
	send(t, http.MethodPost, s.url+"/users/register", "", ada)

	old := s.signIn(t, ada)
	works := func(token string) bool {
		status, _ := send(t, http.MethodGet, s.url+"/users/me", token, "")
		return status == http.StatusOK
	}
	keyOf := func(token string) string { header, _, _ := strings.Cut(token, "."); return header }

	// Somebody uses the old token all the time.
	var refused atomic.Int64
	load, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		for {
			select {
			case <-load:
				return
			default:
				if !works(old) {
					refused.Add(1)
				}
			}
		}
	}()
	file("others", next)
	file("secret", next)
	file("others", goodSecret)
	var fresh string
	waitUntil(t, "the next secret signs", func() bool { fresh = s.signIn(t, ada); return keyOf(fresh) != keyOf(old) })
	if !works(fresh) || !works(old) {
		t.Error("a token does not work while both secrets verify")
	}
	close(load)
	<-ended
	if refused.Load() > 0 {
		t.Errorf("a valid token was refused %d times", refused.Load())
	}
	file("others", thirdSecret)
	waitUntil(t, "the old secret is withdrawn", func() bool { return !works(old) })
	if !works(fresh) {
		t.Error("the new token does not work after the withdrawal")
	}
}

func TestAdministratorsAreMadeOnTheCommandLine(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	admin := func(stdin string, args ...string) (int, string) {
		in, err := os.CreateTemp(t.TempDir(), "stdin")
		if err != nil {
			t.Fatal(err)
		}
		defer in.Close()
		if _, err := in.WriteString(stdin); err != nil {
			t.Fatal(err)
		}
		if _, err := in.Seek(0, io.SeekStart); err != nil {
			t.Fatal(err)
		}
		var out bytes.Buffer
		code := runCommand(t.Context(), append([]string{"admin"}, args...), lookup(vars), streams{in: in, out: &out, err: &out})
		return code, out.String()
	}
	for _, step := range []struct {
		stdin string
		args  []string
		code  int
		says  string
	}{
		{"123456\n", []string{"create", "Root"}, 0, "root (user id 1) is a new administrator."},
		{"123456\n", []string{"create", "root"}, 1, `there is a user "root" already: use admin grant`},
		{"", []string{"create", "eve"}, 1, "must not be empty"},
		{"", []string{"grant", "nobody"}, 1, `there is no user "nobody"`},
		{"", []string{"revoke", "root"}, 0, "root (user id 1) is no administrator."},
		{"", []string{"grant", "root"}, 0, "root (user id 1) is an administrator."},
		{"", []string{"depose", "root"}, 2, "unknown command"},
		{"Grace $2a$04$short\n", []string{"import"}, 1, "line 1: The hash begins like bcrypt and cannot be read"},
		{"grace " + bcryptOf123456 + "\n\nroot " + bcryptOf123456 + "\n", []string{"import"}, 0, "1 users imported, 1 were there before."},
	} {
		if code, out := admin(step.stdin, step.args...); code != step.code || !strings.Contains(out, step.says) {
			t.Errorf("%v: got %d %q, want %d %q", step.args, code, out, step.code, step.says)
		}
	}
	s := start(t, vars)
	waitUntil(t, "ready", func() bool { return s.ready(t) })
	if status, body := send(t, http.MethodGet, s.url+"/admin/audit", s.signIn(t, `{"username":"root","password":"123456"}`), ""); status != http.StatusOK ||
		strings.Count(body, `"actor":"command line"`) != 4 {
		t.Errorf("got %d %s", status, body)
	}
	s.signIn(t, `{"username":"grace","password":"123456"}`)
}
