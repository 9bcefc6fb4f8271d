package main

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// runWith runs a command with a text as its standard input and returns the exit code and what it wrote.
func runWith(t *testing.T, vars map[string]string, text string, words ...string) (code int, out string) {
	t.Helper()
	path := filepath.Join(t.TempDir(), "in")
	in, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer in.Close()
	_, written := in.WriteString(text)
	_, back := in.Seek(0, 0)
	if err := errors.Join(written, back); err != nil {
		t.Fatal(err)
	}
	var all bytes.Buffer
	code = runCommand(t.Context(), words, lookup(vars), streams{in: in, out: &all, err: &all})
	return code, all.String()
}

// TestWhoWasErasedIsErasedAgainAfterARestore follows the recipe of docs/operate.md.
func TestWhoWasErasedIsErasedAgainAfterARestore(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	path := strings.TrimPrefix(vars["DATABASE_URL"], "sqlite:")
	want := func(code int, says, in string, words ...string) string {
		t.Helper()
		got, out := runWith(t, vars, in, words...)
		if got != code || !strings.Contains(out, says) {
			t.Fatalf("%v: got %d %s, want %d %s", words, got, out, code, says)
		}
		return out
	}
	for _, name := range []string{"root", "bob", "eve"} {
		want(0, "is a new administrator", "123456\n", "admin", "create", name)
	}
	backUp, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	ids := regexp.MustCompile(`\d+`)
	bob := ids.FindString(want(0, "is an administrator", "", "admin", "grant", "bob"))
	eve := ids.FindString(want(0, "is an administrator", "", "admin", "grant", "eve"))
	want(0, "2 users erased, 1 were gone before", "", "admin", "erase", bob, eve, "999999999")
	erased := want(0, bob+"\t", "", "admin", "erased")
	if lines := strings.Count(erased, "\n"); lines != 2 {
		t.Errorf("erased are %q", erased)
	}

	if err := os.WriteFile(path, backUp, 0o600); err != nil {
		t.Fatal(err)
	}
	want(0, "is an administrator", "", "admin", "grant", "bob")
	want(0, "2 users erased, 0 were gone before", erased, "admin", "erase")
	want(1, "there is no user", "", "admin", "grant", "bob")
	want(0, "is an administrator", "", "admin", "grant", "root")
}

func TestAMistakeInTheListErasesNobody(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	if code, out := runWith(t, vars, "123456\n", "admin", "create", "root"); code != 0 {
		t.Fatal(out)
	}
	for in, words := range map[string][]string{
		"1\nroot\n":       {"admin", "erase"},
		"":                {"admin", "erase", "1", "root"},
		"\n1 2026\n\n0 x": {"admin", "erase"},
	} {
		if code, out := runWith(t, vars, in, words...); code != 1 || !strings.Contains(out, "is no user id") {
			t.Errorf("%v: got %d %s", words, code, out)
		}
	}
	if code, out := runWith(t, vars, "", "admin", "grant", "root"); code != 0 {
		t.Errorf("got %d %s", code, out)
	}
	if code, out := runWith(t, vars, "\n \n", "admin", "erase"); code != 0 || !strings.Contains(out, "0 users erased") {
		t.Errorf("an empty list: got %d %s", code, out)
	}
}
