package main

import (
	"io"
	"strings"
	"testing"

	"tallygate/kit/env"
)

func TestAllMistakesInTheSettingsAreNamed(t *testing.T) {
	t.Parallel()
	vars := map[string]string{"JWT_SECRET": "short", "AUTH_URL": "https://a", "TLS_KEY_FILE": "x", "TLS_DOMAINS": "*.b.test", "ACME_URL": "http://a", "ACME_KEY_ID": "1", "ACME_CA_FILE": "/nowhere", "TRUSTED_PROXIES": "all", "MAX_CONNECTIONS": "0", "HOSTS": "https://a", "HSTS": "on", "CORS_ORIGINS": "https://a.example, https://*", "HTTP_REDIRECT_ADDR": ":1", "PROXY_PROTOCOL": "yes please", "MAX_HEAD_BYTES": "100", "MAX_TARGET_BYTES": "40000"}
	err := run(t.Context(), func(name string) (string, bool) { v, ok := vars[name]; return v, ok }, io.Discard)
	for _, name := range []string{"JWT_SECRET", "INTERNAL_SECRET", "AUTH_URL", "TLS_CERT_FILE", "TLS_DOMAINS", "ACME_URL", "ACME_KEY_ID", "ACME_CA_FILE", "TRUSTED_PROXIES", "MAX_CONNECTIONS", "HOSTS", "HSTS", "CORS_ORIGINS", "HTTP_REDIRECT_ADDR", "PROXY_PROTOCOL", "MAX_HEAD_BYTES", "MAX_TARGET_BYTES"} {
		if err == nil || !strings.Contains(err.Error(), name+": ") {
			t.Errorf("%s is not named in\n%v", name, err)
		}
	}
}

func TestPAGESIsOnOffOrAFreePath(t *testing.T) {
	t.Parallel()
	for where, want := range map[string]string{
		"": "", "on": "", "off": "", "/gate": "", "/users": "",
		"yes": "PAGES: ", "/gate/": "PAGES: ", "/token": "/token is the path of a call", "/users/me": "/users/me is the path of a call",
		"/admin/users": "is the path of a call", "/healthz": "/healthz is the path of a call",
	} {
		r := env.NewReader(func(name string) (string, bool) { return where, name == "PAGES" })
		readConfig(r)
		err := ""
		for line := range strings.Lines(r.Err().Error()) { // the secrets are missing
			if strings.HasPrefix(line, "PAGES: ") {
				err += line
			}
		}
		if want == "" && err != "" || !strings.Contains(err, want) {
			t.Errorf("%q: got %q, want %q", where, err, want)
		}
	}
}

func TestAPROXYHeaderNeedsSomebodyWhoMaySendIt(t *testing.T) {
	t.Parallel()
	for trusted, wrong := range map[string]bool{"none": true, "loopback": false} {
		r := env.NewReader(func(name string) (string, bool) {
			return map[string]string{"PROXY_PROTOCOL": "on", "TRUSTED_PROXIES": trusted}[name], true
		})
		readConfig(r)
		if got := strings.Contains(r.Err().Error(), "PROXY_PROTOCOL: "); got != wrong {
			t.Errorf("%s: got %v", trusted, r.Err())
		}
	}
}

func TestCORS_ORIGINSIsAListOfOrigins(t *testing.T) {
	t.Parallel()
	for list, want := range map[string]string{
		"": "", " , ": "", "*": "*", "https://a.example:443,http://localhost:*": "https://a.example http://localhost:*", " https://*.a.example , ": "https://*.a.example",
	} {
		r := env.NewReader(func(name string) (string, bool) { return list, name == "CORS_ORIGINS" })
		got := ""
		if cors := readOrigins(r); cors != nil {
			got = strings.Join(cors.Origins, " ")
		}
		if got != want || r.Err() != nil {
			t.Errorf("%q: got %q, %v, want %q", list, got, r.Err(), want)
		}
	}
}
