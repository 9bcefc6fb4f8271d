package gateway_test

import (
	"bufio"
	"crypto/tls"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"tallygate/deploy/internal/testbed"
)

// infront is a real proxy in front of a gateway. Clients dial it from an address that is no trusted proxy.
type infront struct {
	*process

	addr string
}

const (
	proxyAddress  = "127.0.0.1" // from which a proxy in front reaches the gateway
	clientAddress = "127.0.0.9"
)

// startHAProxy runs HAProxy with a frontend and a backend. GATEWAY in them is its address.
func startHAProxy(t *testing.T, frontend, server, gateway string) *infront {
	t.Helper()
	haproxy, err := exec.LookPath("haproxy")
	if err != nil {
		t.Skip("no haproxy: install it to try the gateway behind it")
	}
	p := &infront{addr: testbed.FreeAddress(t)}
	conf := fmt.Sprintf(`
defaults
  timeout connect 5s
  timeout client 30s
  timeout server 30s
frontend in
  bind %s
  %s
  default_backend gate
backend gate
  %s
`, p.addr, frontend, server)
	file := filepath.Join(t.TempDir(), "haproxy.cfg")
	writeConf(t, file, conf, gateway)
	p.process = start(t, haproxy, []string{"-db", "-f", file})
	p.awaitListening(t, p.addr)
	return p
}

// startNginxInFront runs nginx with this configuration of its http or stream part, in which ADDR is its address, DIR a folder
// of its own, and GATEWAY the gateway's address.
func startNginxInFront(t *testing.T, part, gateway string) *infront {
	t.Helper()
	nginx, err := exec.LookPath("nginx")
	if err != nil {
		t.Skip("no nginx: install it to try the gateway behind it")
	}
	p := &infront{addr: testbed.FreeAddress(t)}
	dir := t.TempDir()
	module := ""
	for _, path := range []string{"/usr/lib/nginx/modules/ngx_stream_module.so", "/usr/lib64/nginx/modules/ngx_stream_module.so"} {
		if _, err := os.Stat(path); err == nil && strings.HasPrefix(part, "stream") {
			module = "load_module " + path + ";\n"
		}
	}
	file := filepath.Join(dir, "nginx.conf")
	conf := fmt.Sprintf("%spid %s/nginx.pid; error_log %s/error.log; daemon off; worker_processes 1;\nevents { worker_connections 64; }\n%s\n",
		module, dir, dir, part)
	writeConf(t, file, strings.NewReplacer("ADDR", p.addr, "DIR", dir).Replace(conf), gateway)
	if out, err := exec.Command(nginx, "-t", "-e", "stderr", "-c", file).CombinedOutput(); err != nil {
		if strings.HasPrefix(part, "stream") {
			t.Skip("nginx has no stream module: install libnginx-mod-stream to try the gateway behind it")
		}
		t.Fatalf("%v: %s", err, out)
	}
	p.process = start(t, nginx, []string{"-e", "stderr", "-c", file})
	p.awaitListening(t, p.addr)
	return p
}

// writeConf writes a proxy's configuration, with the gateway's address in it.
func writeConf(t *testing.T, file, conf, gateway string) {
	t.Helper()
	if err := os.WriteFile(file, []byte(strings.ReplaceAll(conf, "GATEWAY", gateway)), 0o600); err != nil {
		t.Fatal(err)
	}
}

// dialAsClient opens a connection to the proxy.
func (p *infront) dialAsClient(t *testing.T) *rawConn {
	t.Helper()
	dialer := net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(clientAddress)}}
	conn, err := dialer.Dial("tcp", p.addr)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { conn.Close() })
	if err := conn.SetDeadline(time.Now().Add(testbed.Patience)); err != nil {
		t.Fatal(err)
	}
	return &rawConn{conn, bufio.NewReader(conn)}
}

// TestBehindAProxyThatIntroducesClients: the client's address comes in a PROXY header of a real proxy, also before TLS.
func TestBehindAProxyThatIntroducesClients(t *testing.T) {
	t.Parallel()
	haproxy := func(server string) func(*testing.T, string) *infront {
		return func(t *testing.T, gateway string) *infront {
			t.Helper()
			return startHAProxy(t, "mode tcp", "mode tcp\n  server gate GATEWAY "+server, gateway)
		}
	}
	for name, start := range map[string]func(*testing.T, string) *infront{
		"haproxy v1":          haproxy("send-proxy"),
		"haproxy v2":          haproxy("send-proxy-v2"),
		"haproxy v2, checked": haproxy("send-proxy-v2 proxy-v2-options unique-id,crc32c check check-send-proxy inter 100ms"),
		"nginx": func(t *testing.T, gateway string) *infront {
			t.Helper()
			return startNginxInFront(t, "stream { server { listen ADDR; proxy_pass GATEWAY; proxy_protocol on; } }", gateway)
		},
	} {
		for _, secure := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, TLS %t", name, secure), func(t *testing.T) {
				t.Parallel()
				up := newRecorder(t, nil)
				settings := []string{"TRUSTED_PROXIES=" + proxyAddress, "PROXY_PROTOCOL=on"}
				if secure {
					cert, key := certify(t, t.TempDir(), 1)
					settings = append(settings, "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
				}
				g := startGateway(t, public("/c", up.addr), settings...)
				conn := start(t, g.addr).dialAsClient(t)
				if secure {
					within := tls.Client(conn.Conn, &tls.Config{InsecureSkipVerify: true, MinVersion: tls.VersionTLS12})
					conn = &rawConn{within, bufio.NewReader(within)}
				}
				for range 2 {
					conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 203.0.113.5\r\n\r\n")
					if r := conn.must(t, "GET"); r.StatusCode != 200 {
						t.Fatalf("got %d %s", r.StatusCode, r.body)
					}
					if got := up.last(t).values("X-Forwarded-For"); !slices.Equal(got, []string{clientAddress}) {
						t.Errorf("X-Forwarded-For: got %q, want %s", got, clientAddress)
					}
				}
				if log := g.Tail(); strings.Contains(log, "no valid PROXY header") {
					t.Errorf("the log has %s", log)
				}
			})
		}
	}
}

// TestBehindAProxyThatAddsFields: a real proxy names its clients in fields, beside what they make up.
func TestBehindAProxyThatAddsFields(t *testing.T) {
	t.Parallel()
	for name, add := range map[string]string{
		"X-Forwarded-For": "option forwardfor\n  http-request add-header X-Forwarded-Proto HTTPS",
		"with a port":     "http-request add-header X-Forwarded-For %[src]:%[src_port]\n  http-request add-header X-Forwarded-Proto wss",
		"Forwarded":       "http-request del-header X-Forwarded- -m beg\n  http-request add-header Forwarded for=\\\"%[src]:%[src_port]\\\";proto=https",
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			up := newRecorder(t, nil)
			g := startGateway(t, public("/c", up.addr), "TRUSTED_PROXIES="+proxyAddress)
			conn := startHAProxy(t, "mode http\n  "+add, "mode http\n  server gate GATEWAY", g.addr).dialAsClient(t)
			conn.send("GET /c HTTP/1.1\r\nHost: a.test\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: gopher\r\nForwarded: for=203.0.113.5\r\n\r\n")
			if r := conn.must(t, "GET"); r.StatusCode != 200 {
				t.Fatalf("got %d %s", r.StatusCode, r.body)
			}
			m := up.last(t)
			for field, want := range map[string]string{"X-Forwarded-For": clientAddress, "X-Forwarded-Proto": "https", "X-Forwarded-Host": "a.test"} {
				if got := m.values(field); !slices.Equal(got, []string{want}) {
					t.Errorf("%s: got %q, want %s", field, got, want)
				}
			}
		})
	}
}

// TestBehindNginx: nginx speaks HTTP/1.0 to the gateway by default, adds itself to a list, and removes a part of the path.
func TestBehindNginx(t *testing.T) {
	t.Parallel()
	up := newRecorder(t, nil)
	g := startGateway(t, public("/c", up.addr), "TRUSTED_PROXIES="+proxyAddress)
	const part = `http { access_log off; client_body_temp_path DIR/b; proxy_temp_path DIR/p; fastcgi_temp_path DIR/f; uwsgi_temp_path DIR/u;
  scgi_temp_path DIR/s; server { listen ADDR; location /app/ {
  proxy_pass http://GATEWAY/; proxy_set_header Host inner.test; proxy_set_header X-Forwarded-Host $http_host;
  proxy_set_header X-Forwarded-For "$proxy_add_x_forwarded_for:$remote_port"; proxy_set_header X-Forwarded-Proto $scheme;
  proxy_set_header X-Forwarded-Prefix /app; } } }`
	conn := startNginxInFront(t, part, g.addr).dialAsClient(t)
	for range 2 {
		conn.send("GET /app/c/x?y HTTP/1.1\r\nHost: outer.test\r\nX-Forwarded-For: 203.0.113.5\r\nX-Forwarded-Proto: https\r\nX-Forwarded-Prefix: /evil\r\n\r\n")
		if r := conn.must(t, "GET"); r.StatusCode != 200 {
			t.Fatalf("got %d %s", r.StatusCode, r.body)
		}
		m := up.last(t)
		for field, want := range map[string]string{
			"X-Forwarded-For": clientAddress, "X-Forwarded-Proto": "http", "X-Forwarded-Host": "outer.test", "X-Forwarded-Prefix": "/app", "Host": "inner.test",
		} {
			if got := m.values(field); !slices.Equal(got, []string{want}) {
				t.Errorf("%s: got %q, want %s", field, got, want)
			}
		}
	}
}
