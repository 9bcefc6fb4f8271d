package main

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"tallygate/deploy/internal/testbed"
	"tallygate/kit/tlstest"
)

// tlsRoute takes the place of the built-in route, with an upstream by TLS.
const tlsRoute = `routes:
  - {name: root, path: /root, exact: true, methods: [GET], upstream: "https://UPSTREAM", tls: {ca: CA}, forward_token: true}
`

// compareTLS is compareProxies with an upstream by TLS, whose certificate both verify.
func compareTLS(ctx context.Context, b *bench) error {
	tokens, err := b.writeTokens(users)
	if err != nil {
		return err
	}
	upstream, ca, err := b.startTLSUpstream(ctx)
	if err != nil {
		return err
	}
	fill := strings.NewReplacer("UPSTREAM", upstream, "CA", ca)
	routes := filepath.Join(b.dir, "tls-routes.yaml")
	if err := os.WriteFile(routes, []byte(fill.Replace(tlsRoute)), 0o600); err != nil {
		return err
	}
	g, err := b.startGateway(ctx, b.upstream, "ACCESS_LOG=off", "ROUTES_FILE="+routes)
	if err != nil {
		return err
	}
	defer g.stop()
	addr, err := testbed.FindAddress(ctx)
	if err != nil {
		return err
	}
	conf := strings.ReplaceAll(haproxyConf, "server s1 UPSTREAM", fill.Replace("server s1 UPSTREAM ssl verify required ca-file CA"))
	if err := b.startConfigured(ctx, addr, "haproxy-tls.cfg", strings.ReplaceAll(conf, "LOG", ""), "haproxy", "-db", "-f"); err != nil {
		return err
	}
	haproxy := b.running[len(b.running)-1]
	defer haproxy.stop()
	rows, err := b.measure(ctx, []subject{
		{"gateway", g.addr, path, tokens, []*process{g.process}},
		{"haproxy: HS256 + exp + count", addr, path, tokens, []*process{haproxy}},
	})
	if err != nil {
		return err
	}
	printRows("TLS to the upstream, access logs off:", rows)
	fmt.Printf("gateway/haproxy %.2f (bound 0.90)\n", rows[0].to(rows[1]))
	return nil
}

// startTLSUpstream starts the upstream once more, by TLS, and returns its address and the file of the authority that has signed its
// certificate.
func (b *bench) startTLSUpstream(ctx context.Context) (addr, ca string, err error) {
	authority, err := tlstest.In(b.dir)
	if err != nil {
		return "", "", err
	}
	pair, err := authority.Issue(time.Now().Add(24*time.Hour), "127.0.0.1")
	if err != nil {
		return "", "", err
	}
	cert, key := filepath.Join(b.dir, "upstream.pem"), filepath.Join(b.dir, "upstream-key.pem")
	if err := tlstest.Save(pair, cert, key); err != nil {
		return "", "", err
	}
	if addr, err = testbed.FindAddress(ctx); err != nil {
		return "", "", err
	}
	conf := strings.NewReplacer("BODY", responseBody, "DIR/upstream.", "DIR/upstream-tls.",
		"listen ADDR backlog=4096;", "listen ADDR ssl backlog=4096; ssl_certificate "+cert+"; ssl_certificate_key "+key+";").Replace(upstreamConf)
	return addr, authority.File, b.startConfigured(ctx, addr, "upstream-tls.conf", conf, "nginx", "-c")
}
