package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/auth-service/internal/secretfile"
)

const goodSecret = "6f1d0c7a9b3e58d24c6f1d0c7a9b3e58"

func TestAWrongCommandLineNamesTheWordThatIsWrong(t *testing.T) {
	t.Parallel()
	for words, says := range map[string]string{
		"adm":                                 `unknown command "adm": the commands begin with admin, key, plan, ledger, backup, restore, copy-database or secrets`,
		"admin":                               "admin needs one more word: create, grant, revoke, reset, password, edit, totp, import, invite, invitations, withdraw, erase or erased",
		"admin depose root":                   `unknown command "depose" after admin: it can be create, grant, revoke, reset, password, edit, totp, import, invite, invitations, withdraw, erase or erased`,
		"ledger check":                        `unknown command "check" after ledger: it can be verify`,
		"admin grant":                         "admin grant with 0 arguments: call it as auth-service admin grant NAME",
		"ledger verify now":                   "ledger verify with 1 arguments: call it as auth-service ledger verify",
		"secrets rotate jwt somewhere -hurry": "secrets rotate has no flag -hurry: call it as auth-service secrets rotate jwt|internal|signing|hs256 DIR [-force]",
		"backup":                              "backup with 0 arguments: call it as auth-service backup FILE",
		"restore -force a":                    "restore has no flag -force: call it as auth-service restore FILE",
		"admin grant -force root":             "admin grant has no flag -force",
		"secrets rotate jwt a -force=1":       "the flag -force has no value",
		"admin invite --expires":              "the flag -expires needs a value: call it as auth-service admin invite [-username NAME]",
		"admin invite -plan a --plan=b":       "the flag -plan stands there twice",
	} {
		var out bytes.Buffer
		code := runCommand(t.Context(), strings.Fields(words), lookup(nil), streams{out: &out, err: &out})
		if code != 2 || !strings.Contains(out.String(), says) {
			t.Errorf("%s: got %d %q, want 2 and %q", words, code, out.String(), says)
		}
	}
}

func TestTheFlagMayStandAnywhere(t *testing.T) {
	t.Parallel()
	for _, words := range [][]string{
		{"secrets", "rotate", "-force", "jwt", "DIR"}, {"secrets", "rotate", "jwt", "--force", "DIR"}, {"secrets", "rotate", "jwt", "DIR", "-force"},
	} {
		dir := t.TempDir()
		if err := secretfile.Init(dir, "HS256"); err != nil {
			t.Fatal(err)
		}
		before := jwtSecret(t, dir)
		for i := range words {
			words[i] = strings.Replace(words[i], "DIR", dir, 1)
		}
		var out bytes.Buffer
		code := runCommand(t.Context(), words, lookup(map[string]string{"SECRETS_SETTLE": "1ms"}), streams{out: &out, err: &out})
		if code != 0 || !strings.Contains(out.String(), "the old secret is refused") || jwtSecret(t, dir) == before {
			t.Errorf("%v: got %d %s", words, code, out.String())
		}
	}
}

func TestHelpNamesEveryCommand(t *testing.T) {
	t.Parallel()
	var out bytes.Buffer
	writeUsage(&out)
	for _, c := range allCommands() {
		if !strings.Contains(out.String(), "auth-service "+c.noun+" "+c.verb) || c.help == "" {
			t.Errorf("help does not explain %s %s", c.noun, c.verb)
		}
	}
}

func jwtSecret(t *testing.T, dir string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(dir, "jwt_secret"))
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}
