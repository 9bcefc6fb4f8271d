package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// runImport imports a text and returns the exit code and both outputs.
func runImport(t *testing.T, vars map[string]string, text string) (code int, out, reports string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "users.txt")
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	in, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	var stdout, stderr bytes.Buffer
	code = runCommand(t.Context(), []string{"admin", "import"}, lookup(vars), streams{in: in, out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestImportSaysForEachRefusedLineWhyAndTakesTheRest(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	const hash = bcryptOf123456
	lines := []struct{ text, refused string }{
		{"\ufeffada " + hash, ""},
		{"nobody", "line 2: the line must be a name and a hash"},
		{"", ""},
		{" \t \r", ""},
		{"bob\t" + hash + "\r", ""},
		{"carol " + hash + " roles=admin created_at=2019-03-04T05:06:07+02:00", ""},
		{"dave " + hash + " created_at=2020-02-29", ""},
		{"eve 123456", "line 8: The hash has none of the known forms: bcrypt"},
		{"fay $2y$15$" + strings.Repeat("x", 53), "line 9: The hash costs too much to verify: bcrypt of cost 15; at most 14 is allowed."},
		{"gus $2y$10$short", "line 10: The hash begins like bcrypt and cannot be read"},
		{"h\x07 " + hash, "line 11: The user name may hold letters"},
		{"h\xff " + hash, "line 12: The user name may hold letters"},
		{"ida " + hash + " roles=Analyst", "line 13: The name of a role is 1 to 64"},
		{"ida " + hash + " roles=", "line 14: The name of a role is 1 to 64"},
		{"ida " + hash + " plan=pro", `line 15: there is no plan "pro"`},
		{"ida " + hash + " roles=admin admin", "line 16: word 4 is none of roles=…, plan=… and created_at=…"},
		{"ida " + hash + " roles=admin roles=admin", "line 17: roles= stands there twice"},
		{"ida " + hash + " created_at=yesterday", "line 18: created_at= must be a time like"},
		{"ida " + hash + " created_at=2999-01-01", "line 19: The time of creation lies in the future."},
		{"ida " + hash + " created_at=1969-12-31", "line 20: The time of creation lies before 1970."},
		{strings.Repeat("x", 100_000) + " " + hash, "line 21: the line has more than 4095 bytes"},
		{strings.Repeat("x", 3000) + " " + hash, "line 22: The user name is longer than 128 characters."},
		{"ADA " + hash + " roles=admin", ""}, // there already, so it stays as it is
		{"joe " + hash, ""},
	}
	var text strings.Builder
	var want []string
	for n, line := range lines {
		text.WriteString(line.text)
		if n < len(lines)-1 { // the last line has no end
			text.WriteByte('\n')
		}
		if line.refused != "" {
			want = append(want, line.refused)
		}
	}
	code, out, reports := runImport(t, vars, text.String())
	if code != 1 || out != "5 users imported, 1 were there before.\n" {
		t.Errorf("got %d %q", code, out)
	}
	got := strings.Split(strings.TrimSpace(reports), "\n")
	want = append(want, fmt.Sprintf("auth-service: %d lines were refused", len(want)))
	for n := range max(len(got), len(want)) {
		if n >= len(got) || n >= len(want) || !strings.HasPrefix(got[n], want[n]) {
			t.Fatalf("report %d of %d: got\n%s\nwant\n%s", n, len(want), reports, strings.Join(want, "\n"))
		}
	}
	if strings.Contains(reports, "123456") || strings.Contains(reports, "short") {
		t.Errorf("a hash is repeated: %s", reports)
	}
	wantUsers(t, vars, `ada  bob  carol admin 2019-03-04T03:06:07Z dave  2020-02-29T00:00:00Z joe `)
}

// wantUsers signs in as the imported administrator. want has each user's name, role if it is admin, and time of creation if it is
// not of this decade.
func wantUsers(t *testing.T, vars map[string]string, want string) {
	t.Helper()
	s := start(t, vars)
	waitUntil(t, "ready", func() bool { return s.ready(t) })
	token := s.signIn(t, `{"username":"carol","password":"123456"}`)
	status, body := send(t, http.MethodGet, s.url+"/admin/users", token, "")
	var page struct {
		Users []struct {
			Username, Role string
			CreatedAt      string `json:"created_at"`
		}
	}
	if err := json.Unmarshal([]byte(body), &page); err != nil || status != http.StatusOK {
		t.Fatalf("got %d %s, %v", status, body, err)
	}
	var got []string
	for _, u := range page.Users {
		line := u.Username + " " + strings.TrimSuffix(u.Role, "user")
		if u.CreatedAt < "2021" {
			line += " " + u.CreatedAt
		}
		got = append(got, line)
	}
	if text := strings.Join(got, " "); text != want {
		t.Errorf("got  %q\nwant %q", text, want)
	}
	if _, body = send(t, http.MethodGet, s.url+"/admin/audit", token, ""); strings.Count(body, `"action":"import"`) != 5 || !strings.Contains(body, `"role=admin"`) {
		t.Errorf("the audit log is %s", body)
	}
}

func TestImportOfSeveralBatchesCanBeRepeated(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	var text strings.Builder
	for n := range 2*importBatch + 1 {
		fmt.Fprintf(&text, "user-%d %s\n", n%(2*importBatch), bcryptOf123456) // the last one is the first one again
	}
	for _, want := range []string{"1000 users imported, 1 were there before.\n", "0 users imported, 1001 were there before.\n"} {
		if code, out, reports := runImport(t, vars, text.String()); code != 0 || out != want || reports != "" {
			t.Errorf("got %d %q %q, want %q", code, out, reports, want)
		}
	}
	if code, out, reports := runImport(t, vars, ""); code != 0 || out != "0 users imported, 0 were there before.\n" || reports != "" {
		t.Errorf("nothing: got %d %q %q", code, out, reports)
	}
}
