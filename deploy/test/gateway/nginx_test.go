package gateway_test

import (
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// nginxConfig serves a folder, compressed for those who come without Via, as nginx does when gzip_proxied is not set.
const nginxConfig = `%s
daemon off;
pid nginx.pid;
error_log stderr;
events {}
http {
  access_log off;
  gzip on;
  gzip_types text/plain;
  client_body_temp_path body; proxy_temp_path proxy; fastcgi_temp_path fastcgi; uwsgi_temp_path uwsgi; scgi_temp_path scgi;
  server {
    listen %s;
    root files;
    add_header Set-Cookie "a=b; Path=/; HttpOnly";
    location = /moved { return 302 /folder/; }
    location = /absolute { return 302 http://%s/folder/; }
  }
}
`

// startNginx runs nginx and returns its address.
func startNginx(t *testing.T) string {
	t.Helper()
	program, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("no nginx: install nginx to try it as an upstream")
	}
	dir, addr, user := t.TempDir(), testbed.FreeAddress(t), ""
	speakPlain.Store(addr, nil)
	if os.Getuid() == 0 {
		user = "user root;" // others cannot read the folder
	}
	if err := os.MkdirAll(filepath.Join(dir, "files", "folder"), 0o700); err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{
		"nginx.conf": fmt.Sprintf(nginxConfig, user, addr, addr), "files/folder/index.html": "here", "files/text.txt": strings.Repeat("the same again\n", 2000),
	} {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	start(t, program, []string{"-p", dir, "-c", "nginx.conf", "-e", "stderr"}).awaitListening(t, addr)
	return addr
}

// TestNginxBehindAPrefix: nginx does not know the prefix, and does not compress for proxies that say who they are.
func TestNginxBehindAPrefix(t *testing.T) {
	t.Parallel()
	addr := startNginx(t)
	g := startGateway(t, and(route("files", "/files", []string{addr}, "auth: public", "strip_prefix: true", "via: false"),
		route("loud", "/loud", []string{addr}, "auth: public", "strip_prefix: true")))
	client := newClient(t)
	client.CheckRedirect = nil                                                          // follow them
	for _, path := range []string{"/files/moved", "/files/absolute", "/files/folder"} { // the last is a redirect to the folder's slash
		resp, err := client.Get(g.url(path))
		if err != nil {
			t.Fatal(err)
		}
		resp.Body.Close()
		if got := resp.Request.URL.String(); resp.StatusCode != http.StatusOK || got != g.url("/files/folder/") {
			t.Errorf("%s: got %d at %s, want the folder", path, resp.StatusCode, got)
		}
		if got := resp.Header.Get("Set-Cookie"); got != "a=b; Path=/files; HttpOnly" {
			t.Errorf("%s: got the cookie %q", path, got)
		}
	}
	conn := dial(t, g.addr)
	conn.send("GET /files/folder HTTP/1.1\r\nHost: a.test\r\n\r\n") // nginx answers with this host and its own port
	if got := conn.must(t, "GET").Header.Get("Location"); got != "http://a.test/files/folder/" {
		t.Errorf("a redirect to another name: got %q", got)
	}
	for path, want := range map[string]string{"/files/text.txt": "gzip", "/loud/text.txt": ""} {
		conn.send("GET " + path + " HTTP/1.1\r\nHost: a.test\r\nAccept-Encoding: gzip\r\n\r\n")
		r := conn.must(t, "GET")
		if got := r.Header.Get("Content-Encoding"); r.StatusCode != 200 || got != want {
			t.Errorf("%s: got %d, encoded as %q, want %q", path, r.StatusCode, got, want)
		}
		t.Logf("figure: %s: %d bytes", path, len(r.body))
	}
}
