package routefile_test

import (
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

func TestTheTokenStaysAtTheGatewayUnlessTheFileSaysOtherwise(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]struct {
		forward bool
		file    string
	}{
		"":                                            {false, ""},
		"forward_token: false":                        {false, ""},
		"forward_token: true":                         {true, ""},
		"authorization: {file: a}":                    {false, "a"},
		"authorization: {file: 'my files'}":           {false, "my files"},
		"authorization:\n      file: /a/b":            {false, "/a/b"},
		"authorization: /run/secrets/a":               {false, "/run/secrets/a"},
		"authorization: ./a":                          {false, "./a"},
		"authorization: ../a":                         {false, "../a"},
		"authorization: 'C:\\a'":                      {false, `C:\a`},
		"authorization: C:/a":                         {false, "C:/a"},
		"auth: public":                                {false, ""},
		"auth: public\n    authorization: {file: a}":  {false, "a"},
		"forward_token: false\n    authorization: /a": {false, "/a"},
	} {
		table, err := parse(good + "    " + lines + "\n")
		if err != nil {
			t.Errorf("%s: %v", lines, err)
			continue
		}
		if r := named(t, table, "a"); r.ForwardToken != want.forward || r.AuthorizationFile != want.file {
			t.Errorf("%s: got %v %q, want %v %q", lines, r.ForwardToken, r.AuthorizationFile, want.forward, want.file)
		}
	}
}

func TestMistakesAboutCredentialsAreNamed(t *testing.T) {
	t.Parallel()
	for lines, want := range map[string]string{
		"forward_token: 1":                                  "5:20: forward_token: has to be true or false",
		"forward_token:":                                    "5:5: forward_token: has no value",
		"auth: public\n    forward_token: true":             "6:20: forward_token: is not possible with auth: public",
		"auth: public\n    forward_token: false":            "6:20: forward_token: is not possible with auth: public",
		"forward_token: true\n    authorization: /a":        "6:20: authorization: is not possible with forward_token: true",
		"forward_token: true\n    authorization: {file: a}": "6:20: authorization: is not possible with forward_token: true",
		"authorization:":                                    "5:5: authorization: has no value",
		"authorization: {}":                                 "5:20: authorization.file: is missing",
		"authorization: {file: ''}":                         "5:27: authorization.file:",
		"authorization: {file: 7}":                          "5:27: authorization.file: is not text",
		"authorization: {path: /a}":                         `5:21: authorization: unknown key "path"`,
		"authorization: [/a]":                               "5:20: authorization: has to name the file",
		"authorization: true":                               "5:20: authorization: has to name the file",
		"authorization: ''":                                 "5:20: authorization: has to name the file",
	} {
		refused(t, good+"    "+lines+"\n", "routes.yaml:"+want)
	}
}

// A secret that stands in the file by mistake must not get into logs by the error about it.
func TestNoErrorShowsWhatMayBeASecret(t *testing.T) {
	t.Parallel()
	for _, lines := range []string{"Basic dXNlcjpzZWNyZXQ=", "dXNlcjpzZWNyZXQ=", "'Bearer dXNlcjpzZWNyZXQ='", "[dXNlcjpzZWNyZXQ=]", "{file: Basic dXNlcjpzZWNyZXQ=}"} {
		_, err := parse(good + "    authorization: " + lines + "\n")
		if err == nil || strings.Contains(err.Error(), "dXNlcjpzZWNyZXQ") || !strings.Contains(err.Error(), "routes.yaml:5:20: authorization: has to name the file") {
			t.Errorf("%s: got %v", lines, err)
		}
	}
}

func TestOnlyBuiltinRoutesWithAUserForwardTheToken(t *testing.T) {
	t.Parallel()
	for _, r := range route.Builtin("auth:1", "math:2") {
		if r.Name == "introspect" { // what it forwards is the credential of a service, which auth-service checks
			continue
		}
		if r.ForwardToken == r.Public {
			t.Errorf("%s: forwards the token: %v, public: %v", r.Name, r.ForwardToken, r.Public)
		}
	}
}
