package gateway_test

import (
	"fmt"
	"net/url"
	"os/exec"
	"slices"
	"strings"
	"testing"
)

// scripts are clients as people use them. Each sends one GET to the URL in its last argument.
var scripts = map[string][]string{
	"curl":   {"curl", "--silent", "--show-error", "--fail-with-body", "--globoff", "--path-as-is"},
	"Python": {"python3", "-c", "import sys, requests\nr = requests.get(sys.argv[1])\nsys.exit(0 if r.ok else r.text)"},
	"Node":   {"node", "-e", "fetch(process.argv[1]).then(async r => { if (!r.ok) throw await r.text() })"},
}

// sendWith has a client send one GET, and returns what it says if it did not get a 200.
func sendWith(t *testing.T, client, url string) error {
	t.Helper()
	command := scripts[client]
	out, err := exec.CommandContext(t.Context(), command[0], append(command[1:len(command):len(command)], url)...).CombinedOutput()
	if err != nil {
		return fmt.Errorf("%w: %s", err, out)
	}
	return nil
}

// withEach runs a test with each client that is installed.
func withEach(t *testing.T, test func(t *testing.T, client string)) {
	t.Helper()
	for client, command := range scripts {
		t.Run(client, func(t *testing.T) {
			t.Parallel()
			program, err := exec.LookPath(command[0])
			if err != nil {
				t.Skipf("no %s: install it to try what it sends", command[0])
			}
			if client == "Python" && exec.CommandContext(t.Context(), program, "-c", "import requests").Run() != nil {
				t.Skip("no python3-requests: install it to try what it sends")
			}
			test(t, client)
		})
	}
}

// TestCharactersThatClientsLeaveUnescaped: what real clients send is forwarded as one path, in valid characters only.
func TestCharactersThatClientsLeaveUnescaped(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr))
	withEach(t, func(t *testing.T, client string) {
		prefix := "/c/" + strings.ToLower(client)
		for _, target := range []string{
			"/a[1]/b", "/a|b^c`d", "/{a}/(b)", "/gr\u00fc\u00df/\u20ac", "/x?filter[a][]=1|2", `/x?q={"a":"\u00fc"}`, "/x?a=b^c`d&e=<f>", "/~x/a!$&'()*+,=:@b",
		} {
			if err := sendWith(t, client, g.url(prefix+target)); err != nil {
				t.Errorf("%s: %v", target, err)
				continue
			}
			seen := up.got(prefix)
			if got, err := url.PathUnescape(seen[len(seen)-1].target); err != nil || got != prefix+target {
				t.Errorf("the upstream got %s (%v), want %s", seen[len(seen)-1].target, err, prefix+target)
			}
		}
	})
	t.Cleanup(func() { up.canonical(t) })
}

// TestRawPathsOfRealClients: package managers, and the clients of GitLab, RabbitMQ and proxies of URLs, send such paths.
func TestRawPathsOfRealClients(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	var routes []string
	for i, path := range []string{"/npm", "/api/v4/projects", "/api/queues", "/x"} {
		routes = append(routes, route(fmt.Sprint("raw", i), path, []string{up.addr}, "auth: public", "paths: raw"))
	}
	routes = append(routes, route("fetch", "/fetch", []string{up.addr}, "auth: public", "paths: raw", "strip_prefix: true"),
		route("admin", "/npm/admin", []string{up.addr}, "auth: required"), route("hidden", "/admin", []string{up.addr}, "auth: required"), public("/plain", up.addr))
	all := routes[0]
	for _, r := range routes[1:] {
		all = and(all, r)
	}
	g := startGateway(t, all)
	withEach(t, func(t *testing.T, client string) {
		for _, path := range []string{
			"/npm/@scope%2fname", "/npm/@scope%2Fname/-/name-1.0.0.tgz", "/api/v4/projects/group%2Fsub%2Fname/issues", "/api/queues/%2f/orders",
			"/x/a;v=1;w=2/b", "/x/a%3bb", "/x/a//b", "/fetch/https://example.com/a%2fb", "/fetch/https%3A%2F%2Fexample.com%2Fa",
		} {
			query := "?by=" + client
			if err := sendWith(t, client, g.url(path+query)); err != nil {
				t.Errorf("%s: %v", path, err)
				continue
			}
			want := strings.TrimPrefix(path, "/fetch") + query // in any case: urllib3 writes escapes in capitals
			if !slices.ContainsFunc(up.got(query), func(m message) bool { return strings.EqualFold(m.target, want) }) {
				t.Errorf("%s: the upstream did not get %s", path, want)
			}
		}
		for path, sign := range map[string]string{"/plain/a%2fb": "(%2F)", "/plain/a;b": "(;)", "/plain/a//b": "(//)", "/npm//admin": "(//)", "/npm/%2fadmin/x": "(%2F)", "/npm/admin;x": "(;)"} {
			if err := sendWith(t, client, g.url(path)); err == nil || !strings.Contains(err.Error(), sign) {
				t.Errorf("%s: got %v, want a refusal that says %s", path, err, sign)
			}
		}
	})
	for _, path := range []string{"/npm/..%2fadmin", "/npm/x/..%2f..%2fadmin", "/npm/..;/admin", "/npm/%2e%2e%2fadmin", "/npm/..%252fadmin", "/fetch/..%2fadmin", "/npm/./admin", `/npm/..\admin`} {
		conn := dial(t, g.addr)
		conn.send("GET " + path + " HTTP/1.1\r\nHost: a.test\r\n\r\n" + raw{text: follow}.fill(0))
		r := conn.must(t, "GET")
		if err := r.problem(); err != nil || r.StatusCode != 400 || conn.closed() != nil {
			t.Errorf("%s: got %d %s, want 400 and the connection closed", path, r.StatusCode, r.body)
		}
	}
	t.Cleanup(func() {
		for _, m := range up.got("admin") {
			t.Errorf("the upstream got %s", m.target)
		}
	})
}
