package main

import (
	"crypto/tls"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/kit/tlstest"
)

// secureServer responds to clients whose certificates are of the authority.
func secureServer(t *testing.T, authority *tlstest.Authority, clients *tls.Config) string {
	t.Helper()
	s := httptest.NewUnstartedServer(http.HandlerFunc(echo))
	s.TLS = clients
	s.TLS.Certificates = []tls.Certificate{authority.Certificate(t, "127.0.0.1")}
	s.StartTLS()
	t.Cleanup(func() { s.CloseClientConnections(); s.Close() })
	return s.URL
}

func replaceFile(t *testing.T, from, to string) {
	t.Helper()
	text, err := os.ReadFile(from)
	if err != nil {
		t.Fatal(err)
	}
	write(t, to, string(text))
}

// TestTheTLSFilesOfUpstreamsAreReadAgain: the authority and the gateway's own certificate are both replaced.
func TestTheTLSFilesOfUpstreamsAreReadAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	old, renewed := tlstest.New(t), tlstest.New(t)
	ca, cert, key := filepath.Join(dir, "ca.pem"), filepath.Join(dir, "cert.pem"), filepath.Join(dir, "key.pem")
	replaceFile(t, old.File, ca)
	tlstest.Write(t, old.Certificate(t, "gateway.example"), cert, key)
	before, after := secureServer(t, old, old.Clients()), secureServer(t, renewed, renewed.Clients())
	routes := filepath.Join(dir, "routes.yaml")
	const entry = "  - {name: NAME, path: /NAME, auth: public, upstream: UPSTREAM, tls: {ca: CA, cert: CERT, key: KEY}}\n"
	line := func(name, upstream string) string {
		return strings.NewReplacer("NAME", name, "UPSTREAM", upstream, "CA", ca, "CERT", cert, "KEY", key).Replace(entry)
	}
	write(t, routes, "routes:\n"+line("before", before)+line("after", after))
	g := start(t, map[string]string{"ROUTES_FILE": routes})
	want := func(path string, status int) bool {
		got, _ := g.get(t, path)
		return got == status
	}
	if !want("/before", 200) || !want("/after", 502) {
		t.Errorf("at the beginning: the log:\n%s", g.log.String())
	}
	replaceFile(t, renewed.File, ca)
	tlstest.Write(t, renewed.Certificate(t, "gateway.example"), cert, key)
	until(t, "the new files in force", func() bool { return want("/after", 200) && want("/before", 502) })
	write(t, ca, "no certificate")
	until(t, "a line about the bad file", func() bool { return strings.Contains(g.log.String(), ca+": there is no certificate in PEM form in it") })
	if !want("/after", 200) {
		t.Error("a bad file takes the good one's place")
	}
}

func TestARouteWithoutItsTLSFilesIsAMistake(t *testing.T) {
	t.Parallel()
	missing := filepath.Join(t.TempDir(), "missing.pem")
	bad := filepath.Join(t.TempDir(), "bad.pem")
	write(t, bad, "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n")
	good := tlstest.New(t)
	cert, key := tlstest.Files(t, good.Certificate(t, "a"))
	_, other := tlstest.Files(t, good.Certificate(t, "a"))
	for files, want := range map[string]string{
		"ca: " + missing: missing, "ca: " + bad: bad, "ca: " + key: "there is no certificate in PEM form",
		"cert: " + cert + ", key: " + missing: missing, "cert: " + cert + ", key: " + other: "private key does not match",
	} {
		file := filepath.Join(t.TempDir(), "routes.yaml")
		write(t, file, "routes:\n  - {name: a, path: /a, upstream: https://a, tls: {"+files+"}}\n")
		var out strings.Builder
		err := checkRoutes(file, nothing, &out)
		if err != nil || !strings.Contains(out.String(), "route a: tls: ") || !strings.Contains(out.String(), want) {
			t.Errorf("%s: got %v and %s", files, err, out.String())
		}
	}
}
