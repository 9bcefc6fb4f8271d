package main

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/gateway/internal/route"
)

// inForce is the credential of the route a.
func inForce(table *route.Table) string {
	for _, r := range table.Routes() {
		if r.Name == "a" {
			return r.Authorization
		}
	}
	return "no route"
}

func withCredential(path string) string {
	return "routes:\n  - {name: a, path: /a, upstream: http://a, authorization: {file: '" + path + "'}}\n"
}

func TestACredentialIsReadAgainWhenItsFileChanges(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credential")
	write(t, path, "Basic old\n")
	w := watch(t, withCredential(path))
	if got := inForce(w.table); got != "Basic old" {
		t.Errorf("at the beginning: got %q", got)
	}
	write(t, path, "Basic ne")
	w.Look(false)
	write(t, path, "Basic new\r\n")
	w.Look(false)
	if got := inForce(w.table); got != "Basic old" {
		t.Errorf("a file that is being written: got %q", got)
	}
	w.Look(false)
	if got := inForce(w.table); got != "Basic new" {
		t.Errorf("after the change: got %q", got)
	}
	for _, bad := range []string{"", "two\nlines", "a\x00b", "gr\u00fcn"} {
		write(t, path, bad)
		w.Look(false)
		w.Look(false)
		if got := inForce(w.table); got != "Basic new" {
			t.Errorf("%q: got %q", bad, got)
		}
	}
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	w.Look(true)
	if got := inForce(w.table); got != "Basic new" {
		t.Errorf("without the file: got %q", got)
	}
	w.want(t, "without the file", "a", 1)
	if log := w.log.String(); !strings.Contains(log, "credentials of upstreams reloaded") || !strings.Contains(log, path) ||
		!strings.Contains(log, "it has more than one line") || strings.Contains(log, "Basic") || strings.Contains(log, "two\\n") {
		t.Errorf("the log:\n%s", log)
	}
}

func TestARouteWaitsForItsCredential(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "credential")
	w := watch(t, listed("b"))
	w.write(t, withCredential(path))
	w.Look(false)
	w.Look(false)
	w.Look(false)
	w.want(t, "without the credential", "b", 0)
	if n := strings.Count(w.log.String(), "route a: authorization: open "); n != 1 {
		t.Errorf("%d lines in the log, want 1:\n%s", n, w.log.String())
	}
	write(t, path, "Basic a")
	w.Look(false)
	w.want(t, "with it", "a", 1)
	if got := inForce(w.table); got != "Basic a" {
		t.Errorf("got %q", got)
	}
}

func TestTheGatewayDoesNotStartWithoutACredential(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file, path := filepath.Join(dir, "routes.yaml"), filepath.Join(dir, "credential")
	write(t, file, withCredential(path))
	r := newRoutes(&config{routesFile: file, auth: newURL("auth"), math: newURL("math")}, func(*route.Table) {})
	if err := r.load(); err == nil || !strings.Contains(err.Error(), "ROUTES_FILE: route a: authorization: open "+path) {
		t.Errorf("got %v", err)
	}
	var out bytes.Buffer
	if err := checkRoutes(file, nothing, &out); err != nil || !strings.Contains(out.String(), "needed where the gateway runs:\nroute a: authorization: open "+path) {
		t.Errorf("-check-routes: got %v, %s", err, out.String())
	}
}

func TestACredentialIsOneLineOfPrintableASCII(t *testing.T) {
	t.Parallel()
	for content, want := range map[string]string{
		"Basic dTpw": "Basic dTpw", "Basic dTpw\n": "Basic dTpw", "Basic dTpw\r\n": "Basic dTpw", "a": "a", "Digest a=\"b c\", d=e": "Digest a=\"b c\", d=e",
		strings.Repeat("a", maxCredentialBytes): strings.Repeat("a", maxCredentialBytes),
		"":                                      "!it is empty", "\n": "!it is empty", " \t\n": "!it is empty", "a\n\n": "!it has more than one line", "a\nb": "!it has more than one line",
		"a\rb": "!it has more than one line", " a": "!it begins or ends with a space", "a \n": "!it begins or ends with a space", "a\tb": "!it has characters", "a\x00": "!it has characters",
		"a\x7fb": "!it has characters", "\ufeffBasic a": "!it has characters", "gr\xfcn": "!it has characters", "gr\u00fcn": "!it has characters",
		strings.Repeat("a", maxCredentialBytes+1): "!it is larger",
	} {
		got, err := fieldValue([]byte(content))
		if failure, bad := strings.CutPrefix(want, "!"); bad {
			if err == nil || !strings.HasPrefix(err.Error(), failure) {
				t.Errorf("%q: got %q, %v, want %s", content, got, err, failure)
			}
		} else if err != nil || got != want {
			t.Errorf("%q: got %q, %v, want %q", content, got, err, want)
		}
	}
}
