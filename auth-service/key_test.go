package main

import (
	"bytes"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/apikey"
)

func TestKeysByTheCommandLine(t *testing.T) {
	t.Parallel()
	vars := map[string]string{
		"DATABASE_URL": "sqlite:" + filepath.Join(t.TempDir(), "test.db"), "KEYS_PER_USER": "2",
	}
	run := func(words ...string) (code int, out, err string) { return runSplit(t, vars, words...) }
	if code, out, errs := runImport(t, vars, "ada "+bcryptOf123456+"\n"); code != 0 {
		t.Fatalf("got %d %s %s", code, out, errs)
	}
	if code, out, errs := run("key", "list", "ada"); code != 0 || out != "" || errs != "ada has no API keys.\n" {
		t.Errorf("got %d %q %q", code, out, errs)
	}
	code, made, errs := run("key", "create", "Ada", "the backup script")
	if made = strings.TrimSpace(made); code != 0 || !apikey.Valid(made) || strings.Contains(errs, made) {
		t.Fatalf("got %d %q %q", code, made, errs)
	}
	code, list, _ := run("key", "list", "ada")
	lines := strings.Split(list, "\n")
	if code != 0 || len(lines) != 3 || !strings.Contains(lines[1], "the backup script") || strings.Contains(list, made) {
		t.Fatalf("got %d %q", code, list)
	}
	id := strings.Fields(lines[1])[0]
	code, next, errs := run("key", "rotate", "ada", id)
	if next = strings.TrimSpace(next); code != 0 || !apikey.Valid(next) || next == made || !strings.Contains(errs, id) {
		t.Errorf("got %d %q %q", code, next, errs)
	}
	run("key", "create", "ada", "another")
	for words, says := range map[string]string{
		"key list eve":        `there is no user "eve"`,
		"key create ada more": "ada has 2 API keys",
		"key revoke ada 5":    "ada has no API key 5",
		"key rotate ada x":    "ada has no API key x",
		"key create eve more": `there is no user "eve"`,
	} {
		if code, out, errs := run(strings.Fields(words)...); code != 1 || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%s: got %d %q %q, want 1 and %q", words, code, out, errs, says)
		}
	}
	if code, _, errs := run("key", "create", "ada", "\n"); code != 1 || !strings.Contains(errs, "control character") {
		t.Errorf("got %d %q", code, errs)
	}
	if code, out, errs := run("key", "revoke", "ada", id); code != 0 || !strings.Contains(out, "is revoked") {
		t.Errorf("got %d %q %q", code, out, errs)
	}
	if code, list, _ := run("key", "list", "ada"); code != 0 || strings.Contains(list, id) {
		t.Errorf("got %d %q", code, list)
	}
}

// runSplit runs a command, and keeps what it writes to its two outputs apart.
func runSplit(t *testing.T, vars map[string]string, words ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = runCommand(t.Context(), words, lookup(vars), streams{out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestKeysByTheCommandLineHaveBounds(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	if code, out, errs := runImport(t, vars, "ada "+bcryptOf123456+"\n"); code != 0 {
		t.Fatalf("got %d %s %s", code, out, errs)
	}
	code, made, _ := runSplit(t, vars, "key", "create", "ada", "export", "-expires", "2999-01-02", "-routes", "files,root", "-month", "500")
	if code != 0 || !apikey.Valid(strings.TrimSpace(made)) {
		t.Fatalf("got %d %q", code, made)
	}
	_, list, _ := runSplit(t, vars, "key", "list", "ada")
	if !strings.Contains(list, "2999-01-02T00:00:00Z  never      files,root  500    export") {
		t.Errorf("got %s", list)
	}
	id := strings.Fields(strings.Split(list, "\n")[1])[0]
	if code, next, errs := runSplit(t, vars, "key", "rotate", "ada", id, "-overlap", "1h"); code != 0 || !apikey.Valid(strings.TrimSpace(next)) {
		t.Errorf("got %d %q %q", code, next, errs)
	}
	for words, says := range map[string]string{
		"create ada more -expires soon":       `-expires: "soon" is neither a date like 2027-06-30 nor a time`,
		"create ada more -expires 2020-01-01": "The expiry has to be in the future",
		"create ada more -routes=":            "The name of a route has",
		"create ada more -month -1":           `-month: "-1" is not a whole number`,
		"rotate ada " + id + " -overlap 169h": `-overlap: "169h" is not a duration like 1h, up to a week`,
		"rotate ada " + id + " --overlap=-1s": `-overlap: "-1s" is not a duration`,
	} {
		if code, out, errs := runSplit(t, vars, append([]string{"key"}, strings.Fields(words)...)...); code != 1 || out != "" || !strings.Contains(errs, says) {
			t.Errorf("%s: got %d %q %q, want 1 and %q", words, code, out, errs, says)
		}
	}
}
