package main

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/tlstest"
)

// http2Connections are few: clients send many requests on each.
const http2Connections = 16

// compareHTTP2 is compareProxies with clients by TLS, who speak HTTP/2: once with one request at a time on each connection, once with ten.
// The last row is the gateway with clients of HTTP/1.1.
func compareHTTP2(ctx context.Context, b *bench) error {
	if _, err := exec.LookPath("h2load"); err != nil {
		return errors.New("h2load is not installed (Debian and Ubuntu: apt-get install nghttp2-client)")
	}
	file, err := b.writeTokens(1) // h2load sends one and the same request
	if err != nil {
		return err
	}
	token, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	cert, key, err := b.certify()
	if err != nil {
		return err
	}
	g, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off", "TLS_CERT_FILE="+cert, "TLS_KEY_FILE="+key)
	if err != nil {
		return err
	}
	defer g.stop()
	haproxy, haproxyAddr, err := b.startWithTLS(ctx, "haproxy-h2.cfg", strings.NewReplacer("bind ADDR", "bind ADDR ssl crt "+cert+" alpn h2,http/1.1", "LOG", "").Replace(haproxyConf), "haproxy", "-db", "-f")
	if err != nil {
		return err
	}
	defer haproxy.stop()
	nginx, nginxAddr, err := b.startWithTLS(ctx, "nginx-h2.conf", strings.NewReplacer("listen ADDR", "listen ADDR ssl http2",
		"server {", "ssl_certificate "+cert+"; ssl_certificate_key "+key+"; server {", "LOG", "off").Replace(nginxConf), "nginx", "-c")
	if err != nil {
		return err
	}
	defer nginx.stop()
	for _, streams := range []int{1, 10} {
		call := h2load{token: strings.TrimSpace(string(token)), streams: streams}
		rows, err := b.measureHTTP2(ctx, call, []subject{
			{"gateway", g.addr, path, "", []*process{g.process}},
			{"haproxy: HS256 + exp + count", haproxyAddr, path, "", []*process{haproxy}},
			{"nginx: proxy only", nginxAddr, path, "", []*process{nginx}},
			{http1Row, g.addr, path, "", []*process{g.process}},
		})
		if err != nil {
			return err
		}
		printRows(fmt.Sprintf("Clients of HTTP/2 by TLS, %d connections, %d requests at a time on each, access logs off:", http2Connections, streams), rows)
		fmt.Printf("gateway/haproxy %.2f (bar 1.50)   gateway/nginx %.2f   HTTP/2 to HTTP/1.1 at the gateway %.2f\n",
			rows[0].to(rows[1]), rows[0].to(rows[2]), rows[0].to(rows[3]))
	}
	return nil
}

const http1Row = "gateway, by HTTP/1.1"

// certify makes a certificate for 127.0.0.1. The file cert holds the key as well, as HAProxy wants it.
func (b *bench) certify() (cert, key string, err error) {
	authority, err := tlstest.In(b.dir)
	if err != nil {
		return "", "", err
	}
	pair, err := authority.Issue(time.Now().Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		return "", "", err
	}
	cert, key = filepath.Join(b.dir, "server.pem"), filepath.Join(b.dir, "server-key.pem")
	if err := tlstest.Save(pair, cert, key); err != nil {
		return "", "", err
	}
	var both []byte
	for _, file := range []string{cert, key} {
		text, err := os.ReadFile(file)
		if err != nil {
			return "", "", err
		}
		both = append(both, text...)
	}
	return cert, key, os.WriteFile(cert, both, 0o600)
}

// startWithTLS starts a proxy with a configuration, and returns its address.
func (b *bench) startWithTLS(ctx context.Context, file, conf, program string, args ...string) (*process, string, error) {
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return nil, "", err
	}
	if err := b.startConfigured(ctx, addr, file, conf, program, args...); err != nil {
		return nil, "", err
	}
	return b.running[len(b.running)-1], addr, nil
}

// h2load is how the program of this name calls.
type h2load struct {
	token   string
	streams int // requests at a time on each connection
}

// run calls an address for the given length of time.
func (l h2load) run(ctx context.Context, s subject, length time.Duration) (loaded, error) {
	args := []string{
		"-t1", fmt.Sprintf("-c%d", http2Connections), fmt.Sprintf("-m%d", l.streams), fmt.Sprintf("-D%.0f", length.Seconds()),
		"-H", "Authorization: Bearer " + l.token,
	}
	if s.name == http1Row {
		args = append(args, "--h1")
	}
	out, err := exec.CommandContext(ctx, "h2load", append(args, "https://"+s.addr+s.path)...).CombinedOutput()
	if err != nil {
		return loaded{}, fmt.Errorf("h2load: %w: %s", err, out)
	}
	r := loaded{requests: number(out, `status codes: ([0-9]+) 2xx`), perSec: number(out, `finished in [^,]*, ([0-9.]+) req/s`)}
	if !regexp.MustCompile(` 0 3xx, 0 4xx, 0 5xx`).Match(out) || r.requests == 0 {
		return r, fmt.Errorf("not every request got a 2xx: %s", out)
	}
	return r, nil
}

// measureHTTP2 is measure with h2load.
func (b *bench) measureHTTP2(ctx context.Context, call h2load, subjects []subject) ([]row, error) {
	rows := make([]row, len(subjects))
	for range b.rounds {
		for i, s := range subjects {
			before := cpu(s.processes)
			l, err := call.run(ctx, s, b.length)
			if err != nil {
				return nil, fmt.Errorf("%s: %w", s.name, err)
			}
			used := cpu(s.processes) - before
			rows[i].name = s.name
			rows[i].costs = append(rows[i].costs, float64(used.Microseconds())/l.requests)
			rows[i].rates = append(rows[i].rates, l.perSec)
		}
	}
	return rows, nil
}
