package gateway_test

import (
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"tallygate/deploy/internal/testbed"
)

// process is a program under test.
type process struct{ *testbed.Process }

// start runs a program until the test ends.
func start(t *testing.T, program string, args []string, settings ...string) *process {
	t.Helper()
	return &process{testbed.Launch(t, testbed.Spec{
		Name: filepath.Base(program),
		Command: func() *exec.Cmd {
			cmd := exec.Command(program, args...)
			cmd.Env = append(os.Environ(), settings...)
			return cmd
		},
	})}
}

// gateway is a running gateway.
type gateway struct {
	*process

	addr, private string
	routes        string // the routes file
}

const (
	jwtSecret      = "0f4c1d72a95be8360f4c1d72a95be8360f4c1d72a95be836"
	internalSecret = "9b2e7715c0d4a6f39b2e7715c0d4a6f39b2e7715c0d4a6f3"
)

// startGateway runs a gateway with a routes file and waits until it accepts connections.
func startGateway(t *testing.T, routes string, settings ...string) *gateway {
	t.Helper()
	return startGatewayBy(t, []string{program("gateway")}, routes, settings...)
}

// startGatewayBy is startGateway with a command that becomes the gateway.
func startGatewayBy(t *testing.T, command []string, routes string, settings ...string) *gateway {
	t.Helper()
	addrs := testbed.FreeAddresses(t, 4)
	dir := t.TempDir()
	g := &gateway{addr: addrs[0], private: addrs[1], routes: filepath.Join(dir, "routes.yaml")}
	g.write(t, routes)
	g.process = start(t, command[0], command[1:], append([]string{
		"ADDR=" + g.addr, "PRIVATE_ADDR=" + g.private, "ROUTES_FILE=" + g.routes, "STATE_DIR=" + filepath.Join(dir, "state"),
		"JWT_SECRET=" + jwtSecret, "INTERNAL_SECRET=" + internalSecret, "ACCESS_LOG=off",
		"AUTH_URL=http://" + addrs[2], "AUTH_PRIVATE_URL=http://" + addrs[2], "MATH_URL=http://" + addrs[3],
	}, settings...)...)
	g.awaitListening(t, g.addr)
	return g
}

// write replaces the routes file at once, as an editor or a mounted configuration does.
func (g *gateway) write(t *testing.T, routes string) {
	t.Helper()
	if err := os.WriteFile(g.routes+".new", []byte(routes), 0o600); err != nil {
		t.Fatal(err)
	}
	if err := os.Rename(g.routes+".new", g.routes); err != nil {
		t.Fatal(err)
	}
}

func (p *process) awaitListening(t *testing.T, addr string) {
	t.Helper()
	testbed.Eventually(t, addr+" to be open", func() error {
		select {
		case <-p.Ended():
			t.Fatalf("ended at once:\n%s", p.Tail())
		default:
		}
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			return err
		}
		return conn.Close()
	})
}

// url is the address of a path on the public listener.
func (g *gateway) url(path string) string { return "http://" + g.addr + path }

// public is a routes file with one route that needs no token.
func public(path string, upstreams ...string) string {
	return route("up", path, upstreams, "auth: public")
}

// route is a routes file with one route.
func route(name, path string, upstreams []string, more ...string) string {
	list := make([]string, len(upstreams))
	for i, u := range upstreams {
		list[i] = upstreamURL(u)
	}
	if len(list) > 0 && strings.HasPrefix(list[0], "https://") {
		more = append(more, "tls: {ca: "+authority.File+"}")
	}
	text := fmt.Sprintf("routes:\n  - name: %s\n    path: %s\n    upstream: [%s]\n", name, path, strings.Join(list, ", "))
	for _, line := range more {
		text += "    " + line + "\n"
	}
	return text
}

// and adds the routes of another file.
func and(file, other string) string { return file + strings.TrimPrefix(other, "routes:\n") }

// metric is the value of a metric.
func (g *gateway) metric(t *testing.T, name string) string {
	t.Helper()
	resp, err := newClient(t).Get("http://" + g.private + "/metrics")
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, behind, found := strings.Cut(string(text), "\n"+name+" ")
	if !found {
		t.Fatalf("no metric %s in\n%s", name, text)
	}
	value, _, _ := strings.Cut(behind, "\n")
	return value
}
