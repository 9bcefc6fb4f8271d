package env_test

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"tallygate/kit/env"
)

func lookup(vars map[string]string) env.Lookup {
	return func(name string) (string, bool) { v, ok := vars[name]; return v, ok }
}

func TestAllMistakesAreReportedAtOnceAndByName(t *testing.T) {
	t.Parallel()
	r := env.NewReader(lookup(map[string]string{
		"A_DURATION": "soon", "B_DURATION": "1ms", "AN_INT": "7x", "A_BOOL": "maybe", "A_URL": "ftp://x", "A_LIST": "10.0.0.0/99",
		"A_CHOICE": "loud", "BOTH": "x", "BOTH_FILE": "/y", "GONE_FILE": "/no/such/file",
	}))
	r.Duration("A_DURATION", 0, 0)
	r.Duration("B_DURATION", time.Hour, time.Second)
	r.Int("AN_INT", 1, 0, 9)
	r.Bool("A_BOOL", false)
	r.URL("A_URL", "http://127.0.0.1:1")
	r.Prefixes("A_LIST", "none")
	r.OneOf("A_CHOICE", "info", "debug")
	r.Secret("BOTH")
	r.Secret("GONE")
	r.Secret("ABSENT")
	err := r.Err()
	if err == nil {
		t.Fatal("no error")
	}
	lines := strings.Split(err.Error(), "\n")
	if len(lines) != 10 {
		t.Errorf("got %d lines, want one for each of 10 mistakes:\n%v", len(lines), err)
	}
	for i, name := range []string{"A_DURATION", "B_DURATION", "AN_INT", "A_BOOL", "A_URL", "A_LIST", "A_CHOICE", "BOTH", "GONE_FILE", "ABSENT"} {
		if !strings.HasPrefix(lines[i], name+": ") {
			t.Errorf("line %d: got %q, want it to name %s", i, lines[i], name)
		}
	}
}

func TestDefaultsApplyWhereAVariableIsUnsetOrEmpty(t *testing.T) {
	t.Parallel()
	r := env.NewReader(lookup(map[string]string{"EMPTY": ""}))
	if got := r.String("EMPTY", "def"); got != "def" {
		t.Errorf("String: got %q", got)
	}
	if got := r.Duration("UNSET", time.Minute, 0); got != time.Minute {
		t.Errorf("Duration: got %v", got)
	}
	if got := r.Prefixes("UNSET", "loopback"); len(got) != 2 {
		t.Errorf("Prefixes: got %v", got)
	}
	if err := r.Err(); err != nil {
		t.Error(err)
	}
}

func TestASecretFileLosesOneLineEndAndNothingElse(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{"abc\n": "abc", "abc\r\n": "abc", " abc \n\n": " abc \n", "abc": "abc"} {
		path := filepath.Join(t.TempDir(), "secret")
		write(t, path, content)
		r := env.NewReader(lookup(map[string]string{"S_FILE": path}))
		if got := r.Secret("S").Value(); got != want || r.Err() != nil {
			t.Errorf("%q: got %q, %v, want %q", content, got, r.Err(), want)
		}
	}
}

func TestAnEmptySecretFileIsAMistakeOnlyWhereASecretIsNeeded(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "secret")
	write(t, path, "before")
	r := env.NewReader(lookup(map[string]string{"S_FILE": path}))
	required, optional := r.Secret("S"), r.OptionalSecret("S")
	write(t, path, "\n")
	if changed, err := required.Reload(); changed || err == nil || required.Value() != "before" {
		t.Errorf("required: got %v, %v, %q, want the old value and an error", changed, err, required.Value())
	}
	if changed, err := optional.Reload(); changed || err != nil || optional.Value() != "before" {
		t.Errorf("optional, at the first look: got %v, %v, %q, want the old value", changed, err, optional.Value())
	}
	if changed, err := optional.Reload(); !changed || err != nil || optional.Value() != "" {
		t.Errorf("optional: got %v, %v, %q, want it withdrawn", changed, err, optional.Value())
	}
}

func TestASecretDoesNotPrint(t *testing.T) {
	t.Parallel()
	s := env.NewReader(lookup(map[string]string{"S": "hidden-value"})).Secret("S")
	for _, verb := range []string{"%v", "%+v", "%#v", "%s", "%q"} {
		if out := fmt.Sprintf(verb, s); strings.Contains(out, "hidden-value") {
			t.Errorf("%s shows the secret: %s", verb, out)
		}
	}
}

func write(t *testing.T, path, content string) {
	t.Helper()
	if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
		t.Fatal(err)
	}
}
