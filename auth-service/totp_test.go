package main

import (
	"bytes"
	"crypto/hmac"
	"crypto/sha1"
	"encoding/base32"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// sendJSON makes a call and decodes the response, whatever its status.
func sendJSON(t *testing.T, method, url, token string, body, into any) int {
	t.Helper()
	text, err := json.Marshal(body)
	if err != nil {
		t.Fatal(err)
	}
	status, got := send(t, method, url, token, string(text))
	if into != nil {
		if err := json.Unmarshal([]byte(got), into); err != nil {
			t.Fatalf("%s: %v", got, err)
		}
	}
	return status
}

// stdin is a file with a text.
func stdin(t *testing.T, text string) *os.File {
	t.Helper()
	path := filepath.Join(t.TempDir(), "stdin")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = in.Close() })
	return in
}

// appCode is the code that an app shows now.
func appCode(t *testing.T, secret string) string {
	t.Helper()
	key, err := base32.StdEncoding.DecodeString(secret)
	if err != nil {
		t.Fatal(err)
	}
	mac := hmac.New(sha1.New, key)
	mac.Write(binary.BigEndian.AppendUint64(nil, uint64(time.Now().Unix()/30)))
	sum := mac.Sum(nil)
	at := sum[19] & 15
	return fmt.Sprintf("%06d", binary.BigEndian.Uint32(sum[at:])&0x7fffffff%1000000)
}

func TestTheCommandLineTurnsOffALostSecondFactor(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	vars["ADMIN_TOTP"] = "required"
	var out bytes.Buffer
	in := stdin(t, "123456\n")
	command := func(words ...string) (code int, said string) {
		out.Reset()
		code = runCommand(t.Context(), words, lookup(vars), streams{in: in, out: &out, err: &out})
		return code, out.String()
	}
	if code, said := command("admin", "create", "root"); code != 0 {
		t.Fatal(said)
	}
	if code, said := command("admin", "totp", "off", "root"); code != 1 || !strings.Contains(said, `the second factor of "root" is off`) {
		t.Errorf("off already: got %d %s", code, said)
	}
	r := start(t, vars)
	waitUntil(t, "ready", func() bool { return sendJSON(t, "GET", r.url+"/readyz", "", nil, nil) == 200 })
	type tokens struct{ Token, Type string }
	signIn := func(otp string) (got tokens, status int) {
		status = sendJSON(t, "POST", r.url+"/token", "", map[string]string{"username": "root", "password": "123456", "otp": otp}, &got)
		return got, status
	}
	root, status := signIn("")
	if status != 200 {
		t.Fatalf("got %d", status)
	}
	if status := sendJSON(t, "GET", r.url+"/admin/users", root.Token, nil, nil); status != 403 {
		t.Errorf("without a second factor: got %d, want 403", status)
	}
	var begun struct{ Secret string }
	sendJSON(t, "POST", r.url+"/users/me/totp", root.Token, map[string]string{"password": "123456"}, &begun)
	if status := sendJSON(t, "PUT", r.url+"/users/me/totp", root.Token, map[string]string{"otp": appCode(t, begun.Secret)}, nil); status != 200 {
		t.Fatalf("confirm: got %d", status)
	}
	if status := sendJSON(t, "GET", r.url+"/admin/users", root.Token, nil, nil); status != 200 {
		t.Errorf("with a second factor: got %d", status)
	}
	if got, status := signIn(""); status != 401 || got.Type != "/problems/otp-required" {
		t.Errorf("without a code: got %d %s", status, got.Type)
	}
	if code, said := command("admin", "totp", "off", "Root"); code != 0 || said != "The second factor of root (user id 1) is off.\n" {
		t.Errorf("off: got %d %s", code, said)
	}
	if _, status := signIn(""); status != 200 {
		t.Errorf("after it was turned off: got %d", status)
	}
	for words, says := range map[string]string{"on root": "can be turned off only", "off nobody": `there is no user "nobody"`} {
		if code, said := command(append([]string{"admin", "totp"}, strings.Fields(words)...)...); code != 1 || !strings.Contains(said, says) {
			t.Errorf("%s: got %d %s", words, code, said)
		}
	}
}
