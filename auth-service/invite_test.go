package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strings"
	"testing"

	"tallygate/kit/env"
)

// runWords runs a command and returns the exit code and both outputs.
func runWords(t *testing.T, vars map[string]string, words ...string) (code int, out, err string) {
	t.Helper()
	var stdout, stderr bytes.Buffer
	code = runCommand(t.Context(), words, lookup(vars), streams{out: &stdout, err: &stderr})
	return code, stdout.String(), stderr.String()
}

func TestInvitationsOnTheCommandLine(t *testing.T) {
	t.Parallel()
	vars := settings(t)
	vars["REGISTRATION"] = "invite"
	s := start(t, vars)
	waitUntil(t, "ready", func() bool { return s.ready(t) })
	alone := map[string]string{"DATABASE_URL": vars["DATABASE_URL"], "PUBLIC_URL": "https://example.com/gate/"}

	code, out, told := runWords(t, alone, "admin", "invite", "--username", "Ada", "--roles=b,a", "-expires", "90m", "--plan", "default")
	lines := strings.Split(out, "\n")
	if code != 0 || len(lines) != 3 || lines[1] != "https://example.com/gate/#invitation="+lines[0] || strings.Contains(told, "tgi_") {
		t.Fatalf("got %d %q %q", code, out, told)
	}
	made := regexp.MustCompile(`^Invitation ([1-9]\d*) for ada, good until 20`).FindStringSubmatch(told)
	if made == nil {
		t.Fatalf("got %q", told)
	}
	delete(alone, "PUBLIC_URL")
	code, token, told := runWords(t, alone, "admin", "invite")
	other := regexp.MustCompile(`^Invitation (\d+) for anybody, `).FindStringSubmatch(told)
	if code != 0 || other == nil || !regexp.MustCompile(`^tgi_[\w-]{43}\n$`).MatchString(token) {
		t.Fatalf("got %d %q %q", code, token, told)
	}

	body := fmt.Sprintf(`{"username":"ada","password":"123456","invitation":%q}`, lines[0])
	if status, text := send(t, http.MethodPost, s.url+"/users/register", "", body); status != http.StatusCreated {
		t.Fatalf("got %d %s", status, text)
	}
	for words, want := range map[string]string{
		"admin withdraw " + other[1]: "0 Invitation " + other[1] + " is withdrawn.\n",
		"admin withdraw " + made[1]:  "1 auth-service: somebody has registered with this invitation already\n",
		"admin withdraw x":           "1 auth-service: there is no invitation \"x\", or it was withdrawn before\n",
	} {
		code, out, told := runWords(t, alone, strings.Fields(words)...)
		if got := fmt.Sprint(code, " ", out, told); got != want {
			t.Errorf("%s: got %q, want %q", words, got, want)
		}
	}
	_, list, _ := runWords(t, alone, "admin", "invitations")
	for _, want := range []string{
		`(?m)^` + made[1] + ` +used +\S+Z +ada +default +a,b +command line +ada$`,
		`(?m)^` + other[1] + ` +withdrawn +\S+Z +- +default +none +command line +-$`,
	} {
		if !regexp.MustCompile(want).MatchString(list) || strings.Contains(list, "tgi_") {
			t.Errorf("%s is not in\n%s", want, list)
		}
	}
	if me := s.account(t, `{"username":"ada","password":"123456"}`); fmt.Sprint(me["roles"]) != "[a b]" {
		t.Errorf("got %v", me)
	}
}

// account reads the account of somebody.
func (r running) account(t *testing.T, credentials string) (me map[string]any) {
	t.Helper()
	_, text := send(t, http.MethodGet, r.url+"/users/me", r.signIn(t, credentials), "")
	if err := json.Unmarshal([]byte(text), &me); err != nil {
		t.Fatalf("%s: %v", text, err)
	}
	return me
}

func TestAnInvitationThatMakesNoSenseIsRefused(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"DATABASE_URL": settings(t)["DATABASE_URL"]}
	for words, want := range map[string]string{
		"-expires 0s":       "good for 1 to 7776000 seconds",
		"-expires=2161h":    "good for 1 to 7776000 seconds",
		"-expires tomorrow": `-expires: "tomorrow" is not a duration like 72h`,
		"-plan pro":         "no such plan",
		"-plan Pro!":        "The name of a plan is",
		"-roles a,,b":       "The name of a role is",
		"-roles admin":      `the member "role" makes an administrator`,
		"-username=":        "The user name must not be empty.",
		"-username a:\x01b": "The user name may hold",
	} {
		code, out, told := runWords(t, vars, append([]string{"admin", "invite"}, strings.Fields(words)...)...)
		if code != 1 || out != "" || !strings.Contains(told, want) {
			t.Errorf("%s: got %d %q %q, want %q", words, code, out, told, want)
		}
	}
}

func TestWhoMayRegisterIsOneOfThreeWords(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"": "open", "open": "open", "invite": "invite", "closed": "closed", "Closed": "REGISTRATION: ", "none": "REGISTRATION: ", "off": "REGISTRATION: ",
	} {
		r := env.NewReader(lookup(map[string]string{"REGISTRATION": set}))
		got := string(readConfig(r).signUp)
		for line := range strings.Lines(r.Err().Error()) { // the secrets are missing
			if strings.HasPrefix(line, "REGISTRATION: ") {
				got = "REGISTRATION: "
			}
		}
		if got != want {
			t.Errorf("%q: got %s, want %s", set, got, want)
		}
	}
}

func TestThePublicAddressIsOneOfPages(t *testing.T) {
	t.Parallel()
	for set, want := range map[string]string{
		"": "", "https://example.com": "https://example.com", "http://localhost:8000/": "http://localhost:8000",
		"https://example.com/gate/": "https://example.com/gate", "https://[2001:db8::1]:8443//": "https://[2001:db8::1]:8443",
		"example.com": "-", "ftp://example.com": "-", "https://": "-", "https://:80": "-", "https://example.com/?a=b": "-", "https://example.com/#a": "-",
		"https://example.com?": "-", "https://example.com/#": "-", "https://user:secret@example.com": "-", "https://exa mple.com": "-", "//example.com": "-",
	} {
		r := env.NewReader(lookup(map[string]string{"PUBLIC_URL": set}))
		got := readPublicURL(r)
		if err := r.Err(); err != nil {
			if !strings.HasPrefix(err.Error(), "PUBLIC_URL: ") || strings.Contains(err.Error(), "secret") {
				t.Errorf("%q: got %v", set, err)
			}
			got = "-"
		}
		if got != want {
			t.Errorf("%q: got %q, want %q", set, got, want)
		}
	}
}
